#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# test: long
# The table: the winner comes first, every kernel and column is there, nothing is written to stderr off a terminal.
. "$(dirname "$0")/../common.bash"

mkdir tree && echo content >tree/file
run_filch 0 bench --size tiny --repeat 2 --workers 2,1,2 --columns chase-lev,central-mutex,handpool --dir tree
claim "stderr is empty: $(cat err)" test ! -s err
claim "two rounds are no verdict: $(head -1 out)" \
    grep -Eq '^work stealing \(chase-lev\) is measured beside one queue \(central-mutex\) in too few rounds' <(head -1 out)
claim "no pair has a verdict" test "$(grep -c 'vs .*: no verdict from 2 rounds' out)" -eq "$(grep -c '^  .* vs .*: ' out)"
claim "no escape sequences off a terminal" test -z "$(tr -dc '\033' <out)"
for label in 'fib(20) = 6765' 'nqueens(6) = 4' 'skynet(10^3) = 499500' 'uts-t1(depth 4) = 944' 'cilksort(10^4 keys)' \
    'for(10^4 floats) = 15072760'; do
    claim "the table has $label" grep -qF "$label" out
done
blocks=$(grep -Ec '^[a-z0-9-]+\(.*\)( =|:)' out)
tasks=$(grep -Ec '^[a-z0-9-]+\(.*\)( =.* tasks|:)' out)
while IFS='|' read -r column rows; do
    claim "each of $rows kernels has the column $column once" \
        test "$(grep -Ec "^  .*\($column " out)" -eq "$rows"
done <<END
chase-lev\\) +1|$blocks
chase-lev\\) +2|$blocks
central-mutex\\) +1|$blocks
central-mutex\\) +2|$blocks
handpool\\) +1|$tasks
handpool\\) +2|$tasks
END
claim "each kernel has its serial time" test "$(grep -Ec '^  serial code(: [a-z:]+)? +- ' out)" -eq "$blocks"
claim "parallel algorithms have no hand-written pool: $tasks < $blocks" test "$tasks" -lt "$blocks"

run_filch 0 bench --kernels fib --columns chase-lev --policy random --size tiny --repeat 2 --workers 2
claim "one queue is set against serial code: $(head -1 out)" grep -q "serial" <(head -1 out)
claim "the policy stands in the column's name" grep -q "chase-lev:random" out
run_filch 0 bench --kernels fib --idle sleep,spin --wait help-own --take half --size tiny --repeat 1 --workers 2
claim "each idle mode has a column" test "$(grep -Ec '^  work stealing .chase-lev:(sleep|spin):half:help-own. +2 ' out)" -eq 2
claim "impossible columns are left out unless they were asked for" test "$(grep -c 'central-mutex' out)" -eq 0

peers=$("$filch" bench --help | sed -n '/^Peers/,/^$/{/not built/d; s/^  \([a-z-]*\) .*/\1/p}' | tr '\n' ',')
run_filch 0 bench --kernels for --size tiny --repeat 2 --workers 2
for peer in ${peers//,/ }; do
    case $peer in
    async) ;; # it has no algorithms
    *-clang) claim "$peer is compiled by another compiler, so that it has to be asked for" test "$(grep -c "($peer)" out)" -eq 0 ;;
    *) claim "$peer was built, so that it stands there unasked" grep -Eq "^  .*\($peer\) +2 " out ;;
    esac
done
run_filch 0 bench --kernels fib --size tiny --repeat 2 --workers 1,2 --columns chase-lev,central-mutex --stats
claim "statistics have a column for each runtime: $(grep busy out)" test "$(grep -c . <(grep busy out | grep -o %))" -eq 4
claim "each fork that a central queue sees is counted" \
    grep -Eq '^ +forks( +[0-9.]+( k)?){2} +10.9 k +10.9 k$' out
claim "as many joins are taken as tasks: $(grep taken out)" \
    test "$(sed -nE 's/ +(tasks|joins)_taken +//p' out | sort -u | wc -l)" -eq 1
run_filch 0 bench --kernels fib --size tiny --repeat 1 --workers 1
claim "statistics are shown on demand" test "$(grep -c joins_taken out)" -eq 0
claim "peers have no fib" test "$(grep -Ec '^  (serial code|.*\((chase-lev|central-mutex)\)) +[1-9-] ' out)" -eq "$(grep -Ec '^  .*[e)] +[1-9-] ' out)"

# Eight rounds are enough for a verdict; which one is the machine's affair. A narrow terminal gets lines that fit.
COLUMNS=80 run_filch 0 bench --kernels fib,for --size tiny --repeat 8 --workers 2
verdict='[0-9.]+ times (faster|slower) than|as fast as|not significantly different from'
claim "the headline comes first: $(head -1 out)" \
    grep -Eq "^work stealing \(chase-lev\) is ($verdict) one queue \(central-mutex\)" <(head -2 out | tr -s '\n ' ' ') # it may be wrapped
claim "lines fit 80 columns: $(awk 'length > 80' out)" test "$(grep -v '^[A-Z].* CPUs, ' out | awk 'length > 80' | wc -l)" -eq 0
claim "five headlines are followed by the machine" test "$(grep -n ' CPUs, ' out | cut -d: -f1)" -le 20
run_filch 0 bench --kernels fib --size tiny --repeat 2 --workers 1,2 --format markdown
claim "Markdown is a list and a table" grep -q '^- work stealing (chase-lev)' out
claim "with a row for each column: $(cat out)" test "$(grep -c '^| fib(20) | ' out)" -eq 5
claim "and as many cells in each" test "$(grep '^|' out | sed 's/\\|//g' | awk -F'|' '{print NF}' | sort -u | wc -l)" -eq 1
finish
