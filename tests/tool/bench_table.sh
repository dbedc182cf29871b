#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# The table: who wins comes first, every kernel and column is there, nothing is written to stderr off a terminal.
. "$(dirname "$0")/common.bash"

mkdir tree && echo content >tree/file
run_filch 0 bench --size tiny --repeat 2 --workers 2,1,2 --queue chase-lev,central-mutex,handpool --dir tree
claim "stderr is empty: $(cat err)" test ! -s err
claim "the first line says who wins: $(head -1 out)" \
    grep -Eq '(beats|equals) .*with 2 workers: ?.*fib\(20\)|(equals) .*fib\(20\)' <(head -1 out)
claim "no escape sequences off a terminal" test -z "$(tr -dc '\033' <out)"
for label in 'fib(20) = 6765' 'nqueens(6) = 4' 'skynet(10^3) = 499500' 'uts-t1(depth 4) = 944' 'cilksort(10^4 keys)'; do
    claim "the table has $label" grep -qF "$label" out
done
blocks=$(grep -Ec '^[a-z0-9-]+\(.*\)( =|:)' out)
for column in "chase-lev +1" "chase-lev +2" "central-mutex +1" "central-mutex +2" "handpool +1" "handpool +2"; do
    claim "each of $blocks kernels has the column $column once" \
        test "$(grep -Ec "^  $column " out)" -eq "$blocks"
done
claim "each kernel has its serial time" test "$(grep -Ec '^  serial +- ' out)" -eq "$blocks"

run_filch 0 bench --kernels fib --queue chase-lev --policy random --size tiny --repeat 2 --workers 2
claim "one queue is set against serial code: $(head -1 out)" grep -q "serial" <(head -1 out)
claim "the policy stands in the column's name" grep -q "chase-lev:random" out
finish
