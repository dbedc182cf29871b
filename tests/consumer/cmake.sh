#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# The README's program as a CMake project of the README's three lines; the same with the static library, and with
# Filch's source as a subdirectory.
. "$(dirname "$0")/common.sh"
unset LD_LIBRARY_PATH # what CMake links has to be found without it

# project FOLDER [TYPE]: configures, builds and runs the project whose lines are on standard input.
project() {
    mkdir "$1"
    { printf 'cmake_minimum_required(VERSION 3.22)\nproject(app C)\n' && cat; } >"$1/CMakeLists.txt"
    cp fib.c "$1"
    { cmake -S "$1" -B "$1/build" -DCMAKE_C_COMPILER="$CC" -DCMAKE_BUILD_TYPE="${2:-Release}" && cmake --build "$1/build" -j 2; } \
        >log || { cat log; exit 1; }
    expect 102334155 "$1/build/fib"
}

readme_block c 'int main' fib.c
readme_block cmake find_package three_lines
[ "$(wc -l <three_lines)" = 3 ] || { echo "the README promises three lines of CMake"; exit 1; }
project installed <three_lines
sed 's/filch::filch/filch::filch_static/' three_lines | project static
sed "s|^find_package.*|add_subdirectory(\"$FILCH_SOURCE\" filch)|" three_lines | project subdirectory Debug
