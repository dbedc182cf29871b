# SPDX-License-Identifier: MIT OR Apache-2.0
# shellcheck shell=bash disable=SC2034
# For the scripts that play a user of Filch: installs the built library into a scratch prefix, moves to a scratch folder
# and offers what they share. Sourced with FILCH_BUILD (the build folder), FILCH_SOURCE, CC and CXX in the environment.
. "$(dirname "${BASH_SOURCE[0]}")/scratch.sh"
install_library

warnings="-Wall -Wextra -Wshadow -Werror"

# page_block PAGE LANGUAGE PATTERN FILE: the first block of that page in that language which holds PATTERN.
page_block() {
    local blocks=$scratch/blocks/$1 found
    if [ ! -d "$blocks" ]; then
        mkdir -p "$blocks"
        awk -v out="$blocks" -f "$FILCH_SOURCE/tests/docs/blocks.awk" "$FILCH_SOURCE/$1"
    fi
    found=$(grep -l -- "$3" "$blocks"/*."$2" | head -n 1)
    [ -n "$found" ] || { echo "$1 has no $2 block with '$3'"; exit 1; }
    cp "$found" "$4"
}

# project FOLDER OPTION...: configures and builds the project whose lines are on standard input, of the program fib.c.
project() {
    local folder=$1
    shift
    mkdir -p "$folder"
    cat >"$folder/CMakeLists.txt"
    cp fib.c "$folder"
    { cmake -S "$folder" -B "$folder/build" -DCMAKE_C_COMPILER="$CC" "$@" && cmake --build "$folder/build" -j 2; } >log 2>&1 ||
        { cat log; exit 1; }
}

# expect OUTPUT COMMAND...: runs the command; it must succeed and print exactly OUTPUT.
expect() {
    local expected=$1 printed
    shift
    printed=$("$@") || { echo "$* failed: $printed"; exit 1; }
    [ "$printed" = "$expected" ] || { echo "$* printed '$printed', not '$expected'"; exit 1; }
}
