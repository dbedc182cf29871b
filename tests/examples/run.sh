#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# Runs a program of docs/examples with 1, 2 and 8 workers: it must print the same each time, and what is right. One
# function per program, check_NAME.
# usage: run.sh PROGRAM, with FILCH_SOURCE and, for mandelbrot, PNG_SUM in the environment; SLOW, if it says anything:
# programs run many times as long as usual, so they get less to do
set -euo pipefail
program=$1
name=$(basename "$program")
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$scratch"
export LC_ALL=C

fail() {
    echo "$name: $*"
    exit 1
}

# same ARGUMENTS...: the program's output is then in the file `printed`.
same() {
    local workers
    for workers in 1 2 8; do
        FILCH_WORKERS=$workers "$program" "$@" >"printed.$workers" || fail "$* failed with $workers workers"
        cmp printed.1 "printed.$workers" || fail "$*: another output with $workers workers"
    done
    mv printed.1 printed
}

# expect FILE: printed is what is in there.
expect() {
    diff -a "$1" printed >difference || { head -n 20 difference; fail "another output than expected"; }
}

# refuses ARGUMENTS...: the program fails and says why.
refuses() {
    ! "$program" "$@" >printed 2>said || fail "$* did not fail"
    grep -q "^$name: ." said || { cat said; fail "$*: not a word why"; }
}

# A tree of files, and a file, that are not quite usual.
odd_files() {
    mkdir -p "odd/one two/deep"
    : >odd/empty
    printf 'no newline' >odd/unended
    printf ' \t\r\f\v\n\n  \n' >odd/blank
    printf 'nul\0nul nul\n\0\n\nb\0b\nb\nbb\n' >"odd/one two/nul"
    printf 'h\351 \377\n\303\251\n\200\n' >"odd/one two/deep/line"$'\n'"break"
    seq 1 20000 >odd/long
    ln -s long odd/link
}

check_life() {
    local generations all='0 1 45 300'
    [ -z "${SLOW:-}" ] || all='0 1 45'
    for generations in $all; do
        same $generations
        awk -v generations=$generations -f "$FILCH_SOURCE/tests/examples/life.awk" "$FILCH_SOURCE/docs/examples/life.c" >serial
        expect serial
    done
    [ -z "${SLOW:-}" ] || return 0
    same # by default, 750 generations: 25 gliders
    tail -n 1 printed | grep -qx "generation 750: $((36 + 25 * 5)) cells alive" || fail "wrong: $(tail -n 1 printed)"
}

check_mandelbrot() {
    same picture.png
    echo 'picture.png: 960 x 640, 155923 points of the set' >right
    expect right
    "$PNG_SUM" picture.png >printed
    echo '960 x 640 310d0bfd' >right
    expect right
    refuses no/such/folder.png
}

check_kmeans() {
    local middle
    same
    [ "$(awk '{ sum += $1 } END { print NR, sum }' printed)" = '5 200000' ] || fail "not every point, or not 5 centres"
    for middle in 3,3 11,4 4,12 12,12 8,8; do
        awk -v middle=$middle 'BEGIN { split(middle, at, ",") }
            ($3 - at[1]) ^ 2 + ($4 - at[2]) ^ 2 < 0.1 { found = 1 }
            END { exit !found }' printed || fail "no centre near $middle"
    done
}

# wc's count of lines and bytes. Words are counted separately: some versions of wc leave out those without an ASCII
# letter.
count() {
    local words files
    files=$(find "$1" -type f -printf x | wc -c)
    words=$(find "$1" -type f -exec sed -s '$G' {} + | tr -s '[:space:]' '\n' | sed '/^$/d' | wc -l) # no word spans two files
    find "$1" -type f -exec cat {} + | wc -lc |
        awk -v words="$words" -v files="$files" '{ print $1 " lines, " words " words, " $2 " bytes in " files " files" }'
}

check_word_count() {
    local folder real=(docs include runtime)
    [ -z "${SLOW:-}" ] || real=(include)
    odd_files
    mkdir none
    for folder in odd none "${real[@]/#/$FILCH_SOURCE/}"; do
        same "$folder"
        count "$folder" >serial
        expect serial
    done
    refuses no/such/folder
}

check_sieve() {
    local limit=${SLOW:+300}
    same ${limit:-2000}
    seq 2 $((${limit:-2000} - 1)) | factor | awk 'NF == 2 { print $2 }' >serial
    expect serial
}

check_deadlines() {
    same
    printf '%s\n' 'page: answered' '  shop: answered' '    stock: answered' '    prices: given up' \
        '  weather: given up' '    archive: given up' '      cache: answered' >right
    expect right
}

check_futures() {
    same 600
    awk -v n=600 -f "$FILCH_SOURCE/tests/examples/subsequence.awk" >serial
    expect serial
    same ${SLOW:+1}
    [ -n "${SLOW:-}" ] || echo '3258 of 5000, 65.2 %' >right
    [ -z "${SLOW:-}" ] || echo '1 of 1, 100.0 %' >right
    expect right
    refuses 100000
}

check_chat() {
    same 3 7
    echo '63 lines heard; 3 of 3 guests heard all' >right
    expect right
    same
    echo '20000 lines heard; 20 of 20 guests heard all' >right
    expect right
}

check_sort_lines() {
    local file real=(docs include runtime sched tests tools)
    [ -z "${SLOW:-}" ] || real=(include)
    odd_files
    find "${real[@]/#/$FILCH_SOURCE/}" -type f -exec cat {} + >sources
    find odd -type f -exec cat {} + >all
    for file in sources all odd/empty odd/unended odd/blank "$program"; do
        same "$file"
        sort "$file" >serial
        expect serial
    done
    refuses no/such/file
}

"check_$name"
