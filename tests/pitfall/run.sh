#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# Compiles each wrong program beside this script as C and as C++, with gcc and clang, and checks that the compiler refuses
# it at once with a sentence that helps, and with few lines. right.c, which comes near every pitfall, must compile without a warning. The programs in
# order/ join in a wrong order: optimizing C compilers warn, and order/right.c gets no warning in C or C++. An older standard is refused.
# usage: run.sh INCLUDE_FOLDER
set -u
cd "$(dirname "$0")" || exit 1
flags="-Wall -Wextra -Wshadow -Werror -I$1"

# file | languages | the compiler's first complaint
# In C++ a declaration may be a loop's body, and joins all the same. The commas of a braced argument look like
# others, so clang, which cannot search for the brace, reports too many arguments itself.
pitfalls='
pair_without_comma          | c c++ | an argument without a comma: write \(int, n\), not \(int n\)
pair_without_comma_of_a_loop | c c++ | an argument without a comma: write \(int, n\), not \(int n\)
argument_without_parentheses | c c++ | an argument without parentheses: write \(int, n\), a pair for each
pairs_without_comma_between | c c++ | two arguments without a comma between: write \(int, a\), \(int, b\)
type_with_comma             | c c++ | an argument with two commas: write \(type, name\), typedef such a type
six_arguments               | c c++ | at most 5 arguments: pass a pointer
six_arguments_of_a_loop     | c c++ | at most 5 arguments: pass a pointer
arguments_too_large         | c c++ | arguments of task paint do not fit its slot: pass a pointer
no_result_type              | c c++ | no result type: write FILCH_TASK\(long, fib, ...\) or FILCH_VOID_TASK\(walk, ...\)
result_void                 | c     | void is not a result: write FILCH_VOID_TASK\(walk, \(int, n\)\)
result_too_large            | c c++ | result of task paint does not fit its slot: return a pointer
body_after_declaration      | c c++ | expected .;. (before|after static_assert)
call_without_self           | c c++ | passing argument 1 of .fib.|invalid conversion from .int. to .filch_self.|too few arguments
fork_without_self           | c c++ | .self. (undeclared|was not declared)|undeclared identifier .self
self_given_to_a_fork        | c c++ | number of arguments differs from the definition of the task .self|too many|no matching .*fib_fork
wrong_argument_count        | c c++ | number of arguments differs from the definition of the task|too many|no matching .*work_fork
too_few_arguments           | c c++ | the number of arguments differs from the definition of the task .self is not one of them
run_without_argument        | c c++ | the number of arguments differs from the definition of the task .self is not one of them
join_without_task           | c c++ | a join names a result and a task: write FILCH_JOIN\(long left, fib\)
result_of_void_task         | c c++ | this task has no result: write FILCH_JOIN_VOID\(name\)
two_joins_in_one_expression | c c++ | lvalue required|not assignable
two_joins_in_parentheses    | c c++ | may be undefined|multiple unsequenced modifications
unbraced_declaration_join   | c     | expected expression
'
# The longest list of complaints. clang shows up to six macros beneath each.
longest_of_gcc=25 longest_of_clang=45

# language, standard, header, the compiler's first complaint
standards='c c99 filch.h Filch needs C11 or later (compile with -std=c11)
c gnu99 pool.h Filch needs C11 or later (compile with -std=c11)
c++ c++14 filch.hpp Filch needs C++17 or later (compile with -std=c++17)'

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
    longest=longest_of_$compiler longest=${!longest}
    for language in c c++; do
        said=$(compile $compiler $language right.c -fsyntax-only) || complain "right.c, $compiler as $language, is refused: $said"
    done
    while IFS='|' read -r file languages expected; do
        for language in $languages; do
            checked=$((checked + 1))
            if said=$(compile "$compiler" "$language" "${file%% *}.c" -fsyntax-only); then
                complain "${file%% *}: $compiler accepts it as $language"
            elif ! grep -m 1 -E 'error:|warning:' <<<"$said" | grep -Eq "${expected# }"; then
                complain "${file%% *}: $compiler as $language does not say first '${expected# }': $said"
            elif [ "$(wc -l <<<"$said")" -gt $longest ]; then
                complain "${file%% *}: $compiler as $language says more than $longest lines: $said"
            fi
        done
    done < <(grep . <<<"$pitfalls")
    while read -r language standard header needed; do
        checked=$((checked + 1))
        said=$(compile $compiler "$language" right.c -fsyntax-only -std="$standard" -include "filch/$header")
        grep -m 1 error: <<<"$said" | grep -qF "\"$needed\"" || complain "$compiler -std=$standard does not say first '$needed': $said"
        [ "$(wc -l <<<"$said")" -lt 100 ] || complain "$compiler -std=$standard says too much: $said"
    done <<<"$standards"
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
