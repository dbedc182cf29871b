#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# Random OpenMP regions on Filch's library, against serial code: one host thread and three, teams of 1, 2 and 8.
# usage: random.sh FOLDER [SEED [COUNT]]
# OMP_CC: the compiler (default gcc), e.g. clang. OMP_PRELOAD: a library that the library under test needs, e.g. libasan.so.
set -eu
folder=$1 seed=${2:-${FILCH_SEED:-1}} count=${3:-1000}
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
${OMP_CC:-gcc} -O2 -fopenmp "$here"/random_*.c -o "$work/random_regions" -lm
for threads in 1 2 8; do
    for hosts in 1 3; do
        echo "teams of $threads, $hosts host threads, seeds $seed..$((seed + count - 1))"
        OMP_NUM_THREADS=$threads LD_LIBRARY_PATH=$folder LD_PRELOAD=${OMP_PRELOAD-} timeout 60 "$work/random_regions" "$seed" "$count" "$hosts"
    done
done
