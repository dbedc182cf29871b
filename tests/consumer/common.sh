# SPDX-License-Identifier: MIT OR Apache-2.0
# shellcheck shell=bash disable=SC2034
# For the scripts that play a user of Filch: installs the built library into a scratch prefix, moves to a scratch folder
# and offers what they share. Sourced with FILCH_BUILD (the build folder), FILCH_SOURCE, CC and CXX in the environment.
. "$(dirname "${BASH_SOURCE[0]}")/scratch.sh"
install_library

warnings="-Wall -Wextra -Wshadow -Werror"

# readme_block LANGUAGE PATTERN FILE: README's block in that language which holds PATTERN.
readme_block() {
    mkdir -p "$scratch/readme"
    awk -v out="$scratch/readme" -f "$FILCH_SOURCE/tests/docs/blocks.awk" "$FILCH_SOURCE/README.md"
    local found
    found=$(grep -l -- "$2" "$scratch"/readme/*."$1" | head -n 1)
    [ -n "$found" ] || { echo "README.md has no $1 block with '$2'"; exit 1; }
    cp "$found" "$3"
}

# expect OUTPUT COMMAND...: runs the command; it must succeed and print exactly OUTPUT.
expect() {
    local expected=$1 printed
    shift
    printed=$("$@") || { echo "$* failed: $printed"; exit 1; }
    [ "$printed" = "$expected" ] || { echo "$* printed '$printed', not '$expected'"; exit 1; }
}
