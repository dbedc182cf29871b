#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# The README's program as a CMake project of the README's lines; the same with the static library, and with
# Filch's source as a subdirectory.
. "$(dirname "$0")/common.sh"
unset LD_LIBRARY_PATH # the libraries that CMake links must be found without it

# project FOLDER [TYPE]: configures, builds and runs the project whose lines are on standard input.
project() {
    mkdir "$1"
    cat >"$1/CMakeLists.txt"
    cp fib.c "$1"
    { cmake -S "$1" -B "$1/build" -DCMAKE_C_COMPILER="$CC" -DCMAKE_BUILD_TYPE="${2:-Release}" && cmake --build "$1/build" -j 2; } \
        >log || { cat log; exit 1; }
    expect 832040 "$1/build/fib"
}

readme_block c 'int main' fib.c
readme_block cmake find_package readme_lines
[ "$(wc -l <readme_lines)" = 5 ] || { echo "README.md has no whole CMakeLists.txt of five lines"; exit 1; }
project installed <readme_lines
version=$(awk '/define FILCH_VERSION_(MAJOR|MINOR|PATCH) / { all = all dot $3; dot = "." } END { print all }' \
    "$FILCH_SOURCE/include/filch/version.h")
# shellcheck disable=SC2016 # the variables are CMake's
{ cat readme_lines && printf 'file(WRITE "${CMAKE_BINARY_DIR}/version" "${filch_VERSION}")\n'; } |
    sed "s/find_package(filch/& $version EXACT/" | project versioned
expect "$version" cat versioned/build/version
sed 's/filch::filch/filch::filch_static/' readme_lines | project static
sed 's/filch::filch/filch::points/' readme_lines | project points # links without thread sanitizer's library
sed "s|^find_package.*|add_subdirectory(\"$FILCH_SOURCE\" filch)|" readme_lines | project subdirectory Debug
