#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# The table: who wins comes first, every kernel and column is there, nothing is written to stderr off a terminal.
. "$(dirname "$0")/common.bash"

mkdir tree && echo content >tree/file
run_filch 0 bench --size tiny --repeat 2 --workers 2,1,2 --columns chase-lev,central-mutex,handpool --dir tree
claim "stderr is empty: $(cat err)" test ! -s err
claim "the first line says who wins: $(head -1 out)" \
    grep -Eq '^.*(leads|cannot be told from) .*with 2 workers: .*fib\(20\)' <(head -1 out)
claim "no escape sequences off a terminal" test -z "$(tr -dc '\033' <out)"
for label in 'fib(20) = 6765' 'nqueens(6) = 4' 'skynet(10^3) = 499500' 'uts-t1(depth 4) = 944' 'cilksort(10^4 keys)' \
    'for(10^4 floats) = 15072760'; do
    claim "the table has $label" grep -qF "$label" out
done
blocks=$(grep -Ec '^[a-z0-9-]+\(.*\)( =|:)' out)
tasks=$(grep -Ec '^[a-z0-9-]+\(.*\)( =.* tasks|:)' out)
while IFS='|' read -r column rows; do
    claim "each of $rows kernels has the column $column once" \
        test "$(grep -Ec "^  $column " out)" -eq "$rows"
done <<END
chase-lev +1|$blocks
chase-lev +2|$blocks
central-mutex +1|$blocks
central-mutex +2|$blocks
handpool +1|$tasks
handpool +2|$tasks
END
claim "each kernel has its serial time" test "$(grep -Ec '^  serial(: [a-z:]+)? +- ' out)" -eq "$blocks"
claim "parallel algorithms have no hand-written pool: $tasks < $blocks" test "$tasks" -lt "$blocks"

run_filch 0 bench --kernels fib --queue chase-lev --policy random --size tiny --repeat 2 --workers 2
claim "one queue is set against serial code: $(head -1 out)" grep -q "serial" <(head -1 out)
claim "the policy stands in the column's name" grep -q "chase-lev:random" out
run_filch 0 bench --kernels fib --idle sleep,spin --wait help-own --take half --size tiny --repeat 1 --workers 2
claim "each idle mode has a column" test "$(grep -Ec '^  chase-lev:(sleep|spin):half:help-own +2 ' out)" -eq 2
claim "what is impossible is left out where it was not asked for" test "$(grep -c 'central-mutex' out)" -eq 0

peers=$("$filch" bench --help | sed -n '/^Peers/,/^$/{/not built/d; s/^  \([a-z-]*\) .*/\1/p}' | tr '\n' ',')
run_filch 0 bench --kernels for --size tiny --repeat 2 --workers 2
for peer in ${peers//,/ }; do
    [ "$peer" = async ] && continue # it has no algorithms
    claim "$peer was built, so that it stands there unasked" grep -Eq "^  $peer +2 " out
done
run_filch 0 bench --kernels fib --size tiny --repeat 2 --workers 1,2 --columns chase-lev,central-mutex --stats
claim "statistics have a column for each runtime: $(grep busy out)" test "$(grep -c . <(grep busy out | grep -o %))" -eq 4
claim "each fork that a central queue sees is counted" \
    grep -Eq '^ +forks( +[0-9.]+( k)?){2} +10.9 k +10.9 k$' out
claim "what is taken is joined: $(grep taken out)" \
    test "$(sed -nE 's/ +(tasks|joins)_taken +//p' out | sort -u | wc -l)" -eq 1
run_filch 0 bench --kernels fib --size tiny --repeat 1 --workers 1
claim "statistics are shown on demand" test "$(grep -c joins_taken out)" -eq 0
claim "peers have no fib" test "$(grep -Ec '^  (serial|chase-lev|central-mutex) +[1-9-] ' out)" -eq "$(grep -Ec '^  [a-z-]+ +[1-9-] ' out)"
finish
