#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# The kernels check their answers, on Filch's library with 1, 2 and 8 threads.
# usage: kernels.sh FOLDER
# OMP_CC: the compiler (default gcc), e.g. clang.
set -eu
folder=$1
here=$(cd "$(dirname "$0")/kernels" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for source in "$here"/*.c; do
    name=$(basename "$source" .c)
    size=
    [ "$name" != epcc ] || size=0 # it measures, and is run here for its constructs
    ${OMP_CC:-gcc} -O2 -fopenmp "$source" -o "$work/$name" -lm
    for threads in 1 2 8; do
        echo "$name, $threads threads"
        OMP_NUM_THREADS=$threads LD_LIBRARY_PATH=$folder timeout 60 "$work/$name" $size
    done
done
