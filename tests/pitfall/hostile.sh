#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# The headers and their macros in programs that define common words as macros: as constants and as functions, before the
# headers and after them, as C and as C++, with gcc and clang. A word is a stray bracket here, so that any use of it fails.
# usage: hostile.sh INCLUDE_FOLDER
set -eu
cd "$(dirname "$0")"
include=$1
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# Not here: keywords, names of libc's headers (they break those), self (a word of the interface), and words before a
# parenthesis or a field's name in a program itself.
words='N VALUE VOID T R A B C D E F G H I J K L M O P Q S U V W X Y Z KIND FORM LINKAGE MIN MAX SIZE COUNT NAME ITEM TASK
a b c d e f g h i j k l n q r s t v x y
accepted add address again age all any arg args array at back base batch begin best bin bits block body bound buffer bytes
cache call capacity cases cause change channel check child chunk code collected combine config context copied count counter
counts cut data dedup delay depth digit drop duration each empty end entry equal error event expected failed failure fatal
field fields file first fixed flag flags found from front full function future given group half handler handlers head
header hidden high hint hook i id idle info interval is item items job jobs key keys kind labels lanes last late left length
less level limit line list log low mark max max_size median member memory message metric middle min mode most moved mutex
name named next node now number object of offset old open_most options order other out outcome own owner pack page parent
part parts period place plain point policy pool port previous priority process program progress ptr queue random range rate
ready reason received record reduction report requests reserved reset resource rest result results retry right room root
round rt run scan scope second seed service shape share shift side size slot some sorted span spare split stack stage start
state stats status step stop store sum swap symbol table tail take task tasks temp test text thread ticket timeout timer to
token top total trace true_ type u32 u64 unit until v value values wait weight when width word words work worker workers
yes zone
aligned always_inline cleanup cold deprecated may_alias noinline packed preserve_most unused visibility warning
find histogram merge_by radix_sort_by reduce sort_stable_by _call task_ fork_slow join_slow'

for word in $words; do echo "#ifndef $word
#error \"$word is no macro any more\"
#endif"; done >"$scratch/restored.h"
for header in "$include"/filch/*.h; do echo "#include <filch/${header##*/}>"; done >"$scratch/all.h"
echo '#include "all.h"
#include "restored.h"' >"$scratch/all.c"

failed=0 compiled=0
# compile COMPILER LANGUAGE FILE OPTION...
compile() {
    local standard=gnu11
    [ "$2" = c ] || standard=gnu++20
    compiled=$((compiled + 1))
    LC_ALL=C "$1" -x "$2" -std=$standard -Wall -Wextra -Wshadow -Werror -O1 -S -o /dev/null -I"$scratch" -I"$include" \
        "${@:4}" "$3" >"$scratch/said" 2>&1 ||
        { failed=$((failed + 1)); echo "${3##*/}, $1 as $2, ${*:4}, words are $shape:"; grep -m 3 error "$scratch/said"; }
}
for compiler in gcc clang; do
    command -v $compiler >/dev/null || continue
    for shape in ']' '(...) ]'; do
        for word in $words; do echo "#define $word${shape/#]/ ]}"; done >"$scratch/hostile.h"
        for language in c c++; do
            compile $compiler $language "$scratch/all.c" -include hostile.h
            compile $compiler $language hostile.c -DHOSTILE_BEFORE
            compile $compiler $language hostile.c
        done
    done
done
# Each header hides and shows by itself.
for header in "$include"/filch/*.h "$include"/filch/detail/*.h; do
    case $header in */hide_words.h | */show_words.h) continue ;; esac
    if [ "$(grep -c -E '^#include <filch/detail/(hide|show)_words.h>$' "$header")" -ne 2 ]; then
        echo "$header does not include hide_words.h first and show_words.h last"
        failed=$((failed + 1))
    fi
done
echo "$compiled programs compiled under $(wc -w <<<"$words") words, $failed failed"
[ $compiled -gt 0 ] && [ $failed -eq 0 ]
