#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# test: first; timeout 300 (it builds the library)
# The README's program as a CMake project of the README's lines: with the installation, and with Filch's source, in a folder
# and fetched, by the lines of docs/install.md.
. "$(dirname "$0")/common.sh"
unset LD_LIBRARY_PATH # the libraries that CMake links must be found without it

page_block README.md c 'int main' fib.c
page_block README.md cmake find_package readme_lines
[ "$(wc -l <readme_lines)" = 5 ] || { echo "README.md has no whole CMakeLists.txt of five lines"; exit 1; }
project installed <readme_lines
expect 832040 installed/build/fib
version=$(awk '/define FILCH_VERSION_(MAJOR|MINOR|PATCH) / { all = all dot $3; dot = "." } END { print all }' \
    "$FILCH_SOURCE/include/filch/base.h")
# shellcheck disable=SC2016 # the variables are CMake's
{ cat readme_lines && printf 'file(WRITE "${CMAKE_BINARY_DIR}/version" "${filch_VERSION}")\n'; } |
    sed "s/find_package(filch/& $version EXACT/" | project versioned
expect "$version" cat versioned/build/version
sed 's/filch::filch/filch::points/' readme_lines | project points # links without thread sanitizer's library
expect 832040 points/build/fib

# from_source FOLDER PATTERN OPTION...: with the lines of docs/install.md that hold PATTERN in the place of find_package.
from_source() {
    page_block docs/install.md cmake "$2" source_lines
    sed -e '/^find_package/{r source_lines' -e 'd}' readme_lines | project "$1" -DCMAKE_BUILD_TYPE=Debug "${@:3}"
    expect 832040 "$1/build/fib"
    ! find "$1/build" -name '*filch-service*' | grep . || { echo "$1: services are built"; exit 1; }
}

from_source fetched FetchContent -DFETCHCONTENT_SOURCE_DIR_FILCH="$FILCH_SOURCE"
mkdir subdirectory
ln -s "$FILCH_SOURCE" subdirectory/filch
from_source subdirectory add_subdirectory
