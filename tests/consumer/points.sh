#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# A program with decision points before its accesses, by each compiler that is here: it links without thread sanitizer's
# library, does the same as without, and runs with virtual workers.
. "$(dirname "$0")/common.sh"
if ! pkg-config --exists filch-points; then
    echo "this build has no filch-points"
    exit 77
fi
wide=
[ "$(uname -m)" != x86_64 ] || wide=-mcx16
compilers=("$CC -std=gnu11" "$CXX -std=c++17 -x c++")
! command -v clang >/dev/null || compilers+=("clang -std=gnu11" "clang -O0 -std=gnu11" "clang++ -std=c++17 -x c++")
for compiler in "${compilers[@]}"; do
    # shellcheck disable=SC2046,SC2086
    $compiler -O1 -g $wide $warnings -Wno-atomic-alignment $(pkg-config --cflags filch-points) -c "$FILCH_SOURCE/tests/consumer/points.c" -o points.o
    # shellcheck disable=SC2046
    "$CXX" points.o $(pkg-config --libs filch-points) -o points
    if nm -D points | grep -q 'U __tsan'; then
        echo "$compiler: the program needs thread sanitizer's library"
        exit 1
    fi
    expect "0 failures" ./points
    FILCH_VIRTUAL=2 FILCH_SEED=1 expect "0 failures" ./points
done
