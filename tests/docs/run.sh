#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# Runs what a Markdown file shows, block by block, with the installed library and command at hand; commands run where
# copies of the source's folders are. For writers:
#   ```c          compiled as it stands; with a main() it is run as well
#   ```c fib.c    the same, and later blocks find it under that name; one that includes it ("fib.h") is only compiled
#   ```cpp        the same in C++17, with coroutines in C++20
#   ```c DIR/FILE lines of a file of the source, as they stand there; the line before the block has a link to it
#   ```python     run with the Python package; with a name it is kept for the commands that follow, as in other languages
#   ```sh         run by bash; it must succeed. ./tools/run.sh and ./tools/test.sh are not run, only checked for syntax
#   ```text       right after a block that ran: its first line must be in the output, numbers and spaces may differ
#   ```sh text    (or another language than C) shown only
#   ```go FILE    (or another language) kept under that name for the commands that follow
# Links to files must lead somewhere.
# usage: run.sh FILE.md, with the environment that consumer/common.sh wants
. "$(dirname "$0")/../consumer/scratch.sh"
document=$1
blocks=$scratch/blocks
mkdir "$blocks"
awk -v out="$blocks" -f "$FILCH_SOURCE/tests/docs/blocks.awk" "$document"
shows() { compgen -G "$blocks/*.$1" >/dev/null; }
if shows c || shows cpp || shows sh || shows python; then install_library; fi
if shows python; then
    cmake --install "$FILCH_BUILD" --component python --prefix "$prefix" >/dev/null
    export PYTHONPATH=$prefix/lib/python3/dist-packages
fi

# Copies the folders of the source that a command names, or all where it compiles them or runs a script of ours: a copy of
# all takes two seconds of CPU.
copy_source() {
    local entry
    for entry in "$FILCH_SOURCE"/*; do
        [[ $entry != */build ]] || continue
        if [ -f "$entry" ] || grep -qE -e "(^|[^[:alnum:]_])(${entry##*/}|build|tools)/| -I\. " "$blocks"/*.sh; then cp -R "$entry" .; fi
    done
}
if shows sh; then copy_source; fi

failed=0 ran=0 last=none
complain() {
    echo "$document:$((10#$line)): $1"
    cat "$scratch/output"
    failed=$((failed + 1))
}

# openmp_of FILE: the compiler's option for its pragmas.
openmp_of() {
    if grep -q '^#pragma omp' "$1"; then echo -fopenmp; fi
}

# tbb_of FILE: the linker's option for oneTBB.
tbb_of() {
    if grep -q '^#include <tbb/' "$1"; then echo -ltbb; fi
}

# standard_of FILE: of C++
standard_of() {
    if grep -q co_await "$1"; then echo c++20; else echo c++17; fi
}

# library_of FILE: the pkg-config module that it needs.
library_of() {
    if grep -q '<filch/service.*\.h>' "$1"; then echo filch-service; else echo filch; fi
}

# run_c BLOCK COMPILER OPTIONS...
run_c() {
    local file name=$line.${1##*.} block=$1
    shift
    [ ! -f "$blocks/$line.name" ] || name=$(cat "$blocks/$line.name")
    file=$scratch/work/$name
    if [ "$name" = text ]; then
        echo 'a C or C++ block is whole, or names its file: ```c DIR/FILE' >"$scratch/output"
        return 1
    fi
    if ! grep -q 'main(' "$block" || grep -q '^#include "' "$block"; then
        { echo "#line $((10#$line + 1)) \"$document\"" && cat "$block"; } >"$file"
        # shellcheck disable=SC2046
        "$@" -Wall -c "$file" $(pkg-config --cflags "$(library_of "$block")") -o "$scratch/object" >"$scratch/output" 2>&1
        return
    fi
    cp "$block" "$file"
    # shellcheck disable=SC2046
    "$@" -O2 -Wall -Wextra -Werror $(openmp_of "$block") "$file" $(pkg-config --cflags --libs "$(library_of "$block")") $(tbb_of "$block") -o "$scratch/program" \
        >"$scratch/output" 2>&1 && "$scratch/program" >"$scratch/output" 2>&1
}

run_sh() {
    sed -E 's#^\./tools/(run|test)\.sh.*#test -x tools/\1.sh \&\& bash -n tools/\1.sh#' "$1" >"$scratch/block.sh"
    bash -eu "$scratch/block.sh" >"$scratch/output" 2>&1
}

run_python() {
    "${PYTHON:-python3}" "$1" >"$scratch/output" 2>&1
}

# The first line of a text block as a pattern: numbers stand for any number, blanks for any blanks.
pattern_of() {
    grep -m 1 . "$1" | sed -E 's/[][\.*^$()+?{}|]/\\&/g; s/[0-9]+((\\\.|,)[0-9]+)*/[0-9][0-9.,]*/g; s/ +/ +/g'
}

# is_excerpt BLOCK PATH: these lines are in that file, and a link to it comes at most two lines before the block.
is_excerpt() {
    local start=$((10#$line - 1))
    [ -f "$(dirname "$document")/$2" ] || echo "there is no file $2"
    sed -n "$((start > 2 ? start - 1 : 1)),${start}p" "$document" | grep -qF "]($2)" || echo "no link to $2 comes before it"
    awk 'function slurp(file,    text, line) { while ((getline line < file) > 0) text = text line "\n"; return "\n" text }
        BEGIN { exit !index(slurp(ARGV[2]), slurp(ARGV[1])) }' "$1" "$(dirname "$document")/$2" || echo "its lines are not in $2"
}

for block in "$blocks"/*; do
    line=$(basename "${block%.*}")
    case $block in
    *.excerpt)
        ran=$((ran + 1))
        last=none
        is_excerpt "$block" "$(cat "$blocks/$line.name")" >"$scratch/output"
        [ ! -s "$scratch/output" ] || complain "this excerpt is none:"
        ;;
    *.python) [ ! -f "$blocks/$line.name" ] || { cp "$block" "$(cat "$blocks/$line.name")" && continue; } ;;&
    *.c | *.cpp | *.sh | *.python)
        language=${block##*.}
        last=$language
        ran=$((ran + 1))
        case $language in
        c) run_c "$block" "$CC" -std=gnu11 ;;
        cpp) run_c "$block" "$CXX" "-std=$(standard_of "$block")" ;;
        sh) run_sh "$block" ;;
        python) run_python "$block" ;;
        esac || complain "this $language block fails"
        ! grep -qE '^\./tools/(run|test)\.sh' "$block" || last=none
        ;;
    *.text)
        if [ "$last" != none ] && ! grep -Eq -- "$(pattern_of "$block")" "$scratch/output"; then
            complain "the output has no line like the first one here; it is:"
        fi
        last=none
        ;;
    *.name) ;;
    *) [ ! -f "$blocks/$line.name" ] || cp "$block" "$(cat "$blocks/$line.name")" ;;
    esac
done
: >"$scratch/output"
while IFS=: read -r line target; do
    [ -e "$(dirname "$document")/$target" ] || complain "a link leads nowhere: $target"
done < <(grep -noE '\]\([^)#: ]+[)#]' "$document" | sed -E 's/\]\(|[)#]$//g')
echo "$document: $ran blocks ran, $failed failed"
[ $failed -eq 0 ]
