#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# Usage: tools/release.sh [--dry-run] [--out DIR] [STEP...]
#
# Makes a release of the last commit in steps, and stops at the first step that fails. Without a STEP it runs all, in this order:
#   tree       nothing is uncommitted
#   version    include/filch/base.h sets it; no tag v0.1.0 exists; CHANGELOG.md has a section with a date and items
#   suite      ./tools/test.sh all
#   abi        abidiff finds no break since the last release, whose dumps are tools/release/LIBRARY.abi
#   tarball    DIR/filch-0.1.0.tar.gz, the same bytes for the same commit
#   sbom       DIR/filch-0.1.0.spdx.json: Filch and the libraries that it links, with their licences, as SPDX 2.3
#   checksums  DIR/SHA256SUMS
#   tag        v0.1.0, signed; `git push origin v0.1.0` is left to you
# --dry-run runs the steps and makes neither a tag nor dumps in the tree; the section of CHANGELOG.md may be "unreleased".
# DIR is build/dist by default.
set -eu -o pipefail
cd "$(dirname "$0")/.."
. tools/packages.sh

dry= out=build/dist steps=()
every='tree version suite abi tarball sbom checksums tag'
while [ $# -gt 0 ]; do
    case $1 in
    -h | --help) sed -n '3,/^set -eu/{/^# \?/s///p}' tools/release.sh; exit 0 ;;
    --dry-run) dry=1 ;;
    --out) [ $# -gt 1 ] || { echo "--out has no folder" >&2; exit 2; }; out=$2; shift ;;
    *) [[ " $every " == *" $1 "* ]] || { echo "unknown step '$1' (valid: ${every// /, })" >&2; exit 2; }; steps+=("$1") ;;
    esac
    shift
done
# shellcheck disable=SC2206
[ ${#steps[@]} -gt 0 ] || steps=($every)

version=$(sed -nE 's/^#define FILCH_VERSION_(MAJOR|MINOR|PATCH) ([0-9]+)$/\2/p' include/filch/base.h | paste -sd.)
SOURCE_DATE_EPOCH=$(git log -1 --format=%ct)
export SOURCE_DATE_EPOCH
libraries='filch filch-service' # lib%.so
mkdir -p "$out" build/log

refuse() {
    echo "release.sh: $1" >&2
    exit 1
}

step_tree() {
    [ -z "$(git status --porcelain)" ] || refuse "uncommitted changes: $(git status --porcelain | head -n 3 | paste -sd' ') (commit or stash them)"
}

step_version() {
    local title items
    [[ $version =~ ^[0-9]+\.[0-9]+\.[0-9]+$ ]] || refuse "include/filch/base.h: no version: '$version' (three #defines FILCH_VERSION_...)"
    ! git rev-parse -q --verify "refs/tags/v$version" >/dev/null || refuse "tag v$version exists (raise the version in include/filch/base.h)"
    title=$(grep -m 1 "^## $version, " CHANGELOG.md) || refuse "CHANGELOG.md: no section '## $version, DATE'"
    [[ $title =~ ,\ [0-9]{4}-[0-9]{2}-[0-9]{2}$ || $dry ]] || refuse "CHANGELOG.md: '$title' has no date (## $version, $(date +%F))"
    items=$(awk -v title="$title" '$0 == title { on = 1; next } /^## / { on = 0 } on && /^- / { n++ } END { print n + 0 }' CHANGELOG.md)
    [ "$items" -gt 0 ] || refuse "CHANGELOG.md: section $version is empty"
    echo "$version: $items items in CHANGELOG.md"
}

step_suite() {
    ./tools/test.sh all
}

# library NAME: its file; service libraries have a folder of their own.
library() {
    find build/abi/runtime build/abi/lib -name "lib$1.so" 2>/dev/null | head -n 1
}

step_abi() {
    local name dump status
    need 'abigail-tools | command abidw'
    cmake --preset release -B build/abi -DCMAKE_BUILD_TYPE=Debug -DCMAKE_C_FLAGS=-g -DFILCH_BUILD_TESTS=OFF -DFILCH_BUILD_BENCH=OFF \
        -DFILCH_BUILD_TOOLS=OFF -DFILCH_PEERS=OFF >build/log/abi.log && cmake --build build/abi >>build/log/abi.log ||
        refuse "the libraries cannot be built (log: build/log/abi.log)"
    for name in $libraries; do
        dump=$out/lib$name.abi
        abidw --suppressions tools/release/private.abignore --exported-interfaces-only --no-show-locs --no-corpus-path --no-comp-dir-path --out-file "$dump" "$(library "$name")"
        if [ ! -e "tools/release/lib$name.abi" ]; then
            echo "lib$name: no earlier release has a dump: $dump is the first"
        else
            status=0
            abidiff --no-added-syms --suppressions tools/release/growth.abignore "tools/release/lib$name.abi" "$dump" >"build/log/abidiff-$name.log" || status=$?
            [ "$status" = 0 ] || refuse "lib$name: the ABI is broken (build/log/abidiff-$name.log; docs/stability.md)"
            echo "lib$name: compatible with the ABI of the last release"
        fi
        [ "$dry" ] || cp "$dump" "tools/release/lib$name.abi"
    done
    [ "$dry" ] || [ -z "$(git status --porcelain tools/release)" ] || refuse "the dumps in tools/release are new: commit them, and run this again"
}

step_tarball() {
    git archive --prefix="filch-$version/" HEAD | gzip -n9 >"$out/filch-$version.tar.gz"
    echo "$out/filch-$version.tar.gz: $(stat -c %s "$out/filch-$version.tar.gz") bytes"
}

step_sbom() {
    [ -e "$out/filch-$version.tar.gz" ] || step_tarball
    python3 tools/release/sbom.py "$version" "$out/filch-$version.tar.gz" >"$out/filch-$version.spdx.json"
    echo "$out/filch-$version.spdx.json"
}

step_checksums() {
    (cd "$out" && sha256sum "filch-$version.tar.gz" "filch-$version.spdx.json" >SHA256SUMS && cat SHA256SUMS)
}

step_tag() {
    if [ "$dry" ]; then
        echo "would run: git tag -s v$version -m 'Filch $version'"
    else
        git tag -s "v$version" -m "Filch $version"
    fi
}

for step in "${steps[@]}"; do
    echo "== $step"
    "step_$step"
done
