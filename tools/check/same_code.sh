#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# same_code.sh [BEFORE [AFTER]]: whether the functions of the libraries have the same instructions in two revisions (default: HEAD and
# the work tree). For commits that move code, and change nothing else.
# Builds both without inlining and other optimizations across functions, since these depend on the functions that share a file. Then
# same_code.py compares. (Such builds have warnings of their own, so none is an error.)
set -euo pipefail
cd "$(dirname "$0")/../.."
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
flags="-O1 -fno-inline -fno-ipa-ra -fno-ipa-pure-const -fno-ipa-reference -fno-ipa-profile -fno-ipa-modref -fno-ipa-stack-alignment"
archive() { # [REVISION]
    if [ $# -gt 0 ]; then
        git archive "$1"
    else
        git ls-files -z | while IFS= read -rd '' file; do [ ! -e "$file" ] || printf '%s\0' "$file"; done | tar --null -T - -c
    fi
}
build() { # SIDE [REVISION]
    local side=$place/$1
    shift
    mkdir "$side"
    archive "$@" | tar -x -C "$side"
    cmake -S "$side" -B "$side/build" -G Ninja -DCMAKE_BUILD_TYPE=None -DFILCH_PEERS=OFF \
        "-DCMAKE_C_FLAGS=$flags -ffunction-sections -fdata-sections -Wno-error" >"$place/log" 2>&1 &&
        ninja -C "$side/build" filch_static filch_service_static filch_openmp >"$place/log" 2>&1 || { tail -50 "$place/log"; exit 1; }
}
build before "${1-HEAD}"
build after "${@:2:1}"
python3 tools/check/same_code.py "$place/before/build/runtime" "$place/after/build/runtime"
