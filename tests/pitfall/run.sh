#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# Compiles each wrong program beside this script as C and as C++, with gcc and clang, and checks that the compiler refuses
# it with a sentence that helps. right.c, which comes near every pitfall, must compile without a warning.
# usage: run.sh INCLUDE_FOLDER
set -u
cd "$(dirname "$0")" || exit 1
flags="-Wall -Wextra -Wshadow -Werror -fsyntax-only -I$1"

# file | languages | what the compilers say
# In C++ a declaration may be a loop's body, and joins all the same.
pitfalls='
two_joins_in_one_expression | c c++ | lvalue required|not assignable
two_joins_in_parentheses    | c c++ | may be undefined|multiple unsequenced modifications
unbraced_declaration_join   | c     | expected expression
arguments_too_large         | c c++ | arguments of task paint do not fit its slot: pass a pointer
result_too_large            | c c++ | result of task paint does not fit its slot: return a pointer
six_arguments               | c c++ | six_arguments.c:4
fork_without_self           | c c++ | .self. (undeclared|was not declared)|undeclared identifier .self
wrong_argument_count        | c c++ | too many arguments|no matching function .*work_fork
result_of_void_task         | c c++ | void value|of (incompatible )?type .void
'

failed=0 checked=0
complain() {
    echo "$1"
    failed=$((failed + 1))
}

# compile COMPILER LANGUAGE FILE: what the compiler says
compile() {
    local standard=c11
    [ "$2" = c ] || standard=c++17
    # shellcheck disable=SC2086
    LC_ALL=C "$1" -x "$2" -std=$standard $flags "$3" 2>&1
}

for compiler in gcc clang-14; do
    command -v $compiler >/dev/null || continue
    for language in c c++; do
        said=$(compile $compiler $language right.c) || complain "right.c, $compiler as $language, is refused: $said"
    done
    while IFS='|' read -r file languages expected; do
        for language in $languages; do
            checked=$((checked + 1))
            if said=$(compile "$compiler" "$language" "${file%% *}.c"); then
                complain "${file%% *}: $compiler accepts it as $language"
            elif ! grep -Eq "${expected# }" <<<"$said"; then
                complain "${file%% *}: $compiler as $language refuses it without saying '${expected# }': $said"
            fi
        done
    done < <(grep . <<<"$pitfalls")
done
echo "$checked pitfalls checked, $failed failed"
[ $checked -gt 0 ] && [ $failed -eq 0 ]
