#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# Compiles each wrong program beside this script as C and as C++, with gcc and clang, and checks that the compiler refuses
# it with a sentence that helps. right.c, which comes near every pitfall, must compile without a warning. The programs in
# order/ join in a wrong order: optimizing C compilers warn, and order/right.c gets no warning in C or C++.
# usage: run.sh INCLUDE_FOLDER
set -u
cd "$(dirname "$0")" || exit 1
flags="-Wall -Wextra -Wshadow -Werror -I$1"

# file | languages | what the compilers say
# In C++ a declaration may be a loop's body, and joins all the same.
pitfalls='
two_joins_in_one_expression | c c++ | lvalue required|not assignable
two_joins_in_parentheses    | c c++ | may be undefined|multiple unsequenced modifications
unbraced_declaration_join   | c     | expected expression
arguments_too_large         | c c++ | arguments of task paint do not fit its slot: pass a pointer
result_too_large            | c c++ | result of task paint does not fit its slot: return a pointer
six_arguments               | c c++ | at most 5 arguments: pass a pointer
six_arguments_of_a_loop     | c c++ | at most 5 arguments: pass a pointer
fork_without_self           | c c++ | .self. (undeclared|was not declared)|undeclared identifier .self
wrong_argument_count        | c c++ | too many arguments|no matching function .*work_fork
result_of_void_task         | c c++ | void value|of (incompatible )?type .void
'

failed=0 checked=0
complain() {
    echo "$1"
    failed=$((failed + 1))
}

# compile COMPILER LANGUAGE FILE OPTION...: prints the compiler's messages
compile() {
    local standard=c11
    [ "$2" = c ] || standard=c++17
    # shellcheck disable=SC2086
    LC_ALL=C "$1" -x "$2" -std=$standard $flags "${@:3}" 2>&1
}

# optimize COMPILER LANGUAGE FILE LEVEL: the same of an optimizing compiler, which has to make code for that
optimize() {
    compile "$1" "$2" "$3" -pedantic "$4" -S -o /dev/null
}

for compiler in gcc clang; do
    command -v $compiler >/dev/null || continue
    for language in c c++; do
        said=$(compile $compiler $language right.c -fsyntax-only) || complain "right.c, $compiler as $language, is refused: $said"
    done
    while IFS='|' read -r file languages expected; do
        for language in $languages; do
            checked=$((checked + 1))
            if said=$(compile "$compiler" "$language" "${file%% *}.c" -fsyntax-only); then
                complain "${file%% *}: $compiler accepts it as $language"
            elif ! grep -Eq "${expected# }" <<<"$said"; then
                complain "${file%% *}: $compiler as $language refuses it without saying '${expected# }': $said"
            fi
        done
    done < <(grep . <<<"$pitfalls")
    said=$(optimize $compiler c++ order/right.c -O2) || complain "order/right.c, $compiler as c++, is refused: $said"
    for level in -O2 -O3; do
        said=$(optimize $compiler c order/right.c $level) || complain "order/right.c, $compiler $level, is refused: $said"
        for file in order/[!r]*.c; do
            checked=$((checked + 1))
            said=$(optimize $compiler c "$file" $level) && complain "$file: $compiler $level does not warn"
            grep -q 'join in the reverse order of forking' <<<"$said" || complain "$file: $compiler $level says: $said"
        done
    done
done
echo "$checked pitfalls checked, $failed failed"
[ $checked -gt 0 ] && [ $failed -eq 0 ]
