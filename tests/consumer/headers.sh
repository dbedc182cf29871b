#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# Each installed public header compiles alone and twice, without a warning, in C11, C17, C23 and C++17 without extensions; those
# of C++ (.hpp) in C++17 and C++20.
. "$(dirname "$0")/common.sh"
compile() {
    case $2 in
    c++*) compiler=$CXX language=c++ ;;
    *) compiler=$CC language=c ;;
    esac
    # shellcheck disable=SC2086
    printf '#include <filch/%s>\n' "$1" "$1" | $compiler -x $language "-std=$2" $flags -fsyntax-only - || {
        echo "<filch/$1> does not compile alone with -std=$2"
        return 1
    }
}
export -f compile
flags="-pedantic-errors $warnings $(pkg-config --cflags filch)"
export flags
cd "$(pkg-config --variable=includedir filch)/filch"
printf '%s\n' *.h >"$scratch/names"
[ "$(wc -l <"$scratch/names")" -ge 40 ] || { echo "too few headers are installed: $(tr '\n' ' ' <"$scratch/names")"; exit 1; }
for standard in c11 c17 c2x c++17; do
    xargs -P 2 -I % bash -c 'compile % '"$standard" <"$scratch/names"
done
printf '%s\n' *.hpp cxx/*.hpp >"$scratch/names"
[ "$(wc -l <"$scratch/names")" -ge 15 ] || { echo "too few headers of C++ are installed: $(tr '\n' ' ' <"$scratch/names")"; exit 1; }
for standard in c++17 c++20; do
    xargs -P 2 -I % bash -c 'compile % '"$standard" <"$scratch/names"
done
