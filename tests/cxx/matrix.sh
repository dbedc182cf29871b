#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# test: long; timeout 600; processors 2 (it compiles the tests many times)
# The C++ tests pass by other compilers, standards and options than the build's; compilers that are not there are named.
# Without exceptions an error ends the process with its sentence.
. "$FILCH_SOURCE/tests/consumer/scratch.sh"
install_library

# compiler, options
rows='
g++ -std=c++23
g++ -std=c++17 -fno-exceptions -fno-rtti
clang++-14 -std=c++17 -O2
clang++-14 -std=c++20
clang++-14 -std=c++2b
clang++-19 -std=c++17
clang++-19 -std=c++20 -O2
clang++-19 -std=c++23
clang++-19 -std=c++20 -fno-exceptions -fno-rtti
'

# compile FOLDER COMMAND...: each file of the tests, two at a time.
compile() {
    local folder=$1
    mkdir "$folder"
    shift
    printf '%s\n' "$FILCH_SOURCE"/tests/cxx/*.cc |
        xargs -P 2 -I % sh -c 'source=$1 folder=$2; shift 2; "$@" -c "$source" -o "$folder/$(basename "$source").o"' sh % "$folder" "$@"
}

# dies_of_errors ROW: does the program without exceptions say why it ends? (There are no 5,000 workers.)
dies_of_errors() {
    [[ $1 == *-fno-exceptions* ]] || return 0
    ! (ulimit -c 0 && ./program 5000) >output 2>&1 && grep -q 'workers.*use a call that returns an int' output
}

failed=0 number=0
while read -r row; do
    [ -n "$row" ] || continue
    if ! command -v "${row%% *}" >/dev/null; then
        echo "${row%% *} not found: not tested: $row"
        continue
    fi
    number=$((number + 1))
    # shellcheck disable=SC2046,SC2086
    if compile "row$number" $row -Wall -Wextra -Wshadow -Werror -Wno-unused-parameter -Wno-deprecated-declarations $(pkg-config --cflags filch) &&
        ${row%% *} "row$number"/*.o $(pkg-config --libs filch) -pthread -o program && ./program 1 2 8 64 >output 2>&1 &&
        dies_of_errors "$row"; then
        echo "passed: $row"
    else
        echo "failed: $row"
        cat output 2>/dev/null || true
        failed=1
    fi
done <<<"$rows"
exit $failed
