#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# A plug-in with OpenMP is loaded by a program without it, on Filch's library. All libraries that come by dlopen share some
# 1,700 bytes for variables of threads with a fixed place: another library takes 384 of them first, more than most do.
# usage: plugin.sh FOLDER
set -eu
folder=$1
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
echo '__thread char room[384] __attribute__((tls_model("initial-exec"))); char *first(void) { return room; }' >"$work/room.c"
gcc -shared -fPIC "$work/room.c" -o "$work/room.so"
gcc -O2 -fopenmp -shared -fPIC "$here/plugin.c" -o "$work/plugin.so"
gcc -O2 -DHOST "$here/plugin.c" -o "$work/host" -pthread
for threads in 1 2 8; do
    answer=$(OMP_NUM_THREADS=$threads LD_LIBRARY_PATH=$folder timeout 60 "$work/host" "$work/room.so" "$work/plugin.so")
    echo "$threads threads: $answer"
    [ "$answer" = '4999950000 4999950000' ]
done
