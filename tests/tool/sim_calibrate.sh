#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# filch sim --calibrate writes costs that filch sim reads; wrong texts are refused by name.
. "$(dirname "$0")/common.bash"

refused "--calibrate number '0' 1..1000" sim --calibrate=0
refused "--calibrate number 'two' 1..1000" sim --calibrate=two
refused "/nonexistent/costs" sim --calibrate=1 --output /nonexistent/costs

run_filch 0 sim --calibrate=3 --output costs
claim "with --output stdout is empty" test ! -s out
for cost in fork join switch; do
    claim "$cost is measured: $(grep "^$cost " costs)" grep -q "^$cost .*measured" costs
done
claim "a constant keeps its source" grep -q '^patience .*(the library)' costs
if [ "$(nproc)" -gt 1 ]; then
    for cost in look ask answer reply start rob wake wake-up; do
        claim "$cost is measured: $(grep "^$cost " costs)" grep -q "^$cost .*measured" costs
    done
fi
run_filch 0 sim tree:depth=8 --costs costs
cp out measured
run_filch 0 sim tree:depth=8 --costs costs --show-costs
sed 's/ *#.*//' out >shown
sed 's/ *#.*//' costs >written
claim "the costs that are shown are those of the file" cmp shown written

# One processor: no steals can be measured.
taskset -c "$(taskset -cp $$ | sed 's/.*[^0-9]\([0-9]*\)$/\1/')" "$filch" sim --calibrate=1 >out 2>err
claim "one processor is enough, with a note: $(cat err)" grep -q 'one processor only' err
claim "then a wake-up keeps its built-in value" grep -q '^wake-up  *20000 .*docs/internals/idle.md' out

# wrong TEXT WORD...: filch sim refuses a file of that text.
wrong() {
    printf "$1" >wrong # with its escapes
    shift
    refused "wrong:1 $*" sim tree:depth=2 --costs wrong
}
wrong 'forks 3' unknown cost "'forks'" fork, tier-far
wrong 'fork' "'fork'" NAME NUMBER
wrong 'fork 1 2' "'fork'" NAME NUMBER
wrong 'fork 1 ns' "'fork'" NAME NUMBER
for value in -1 1e10 inf nan 1,5 1ns; do
    wrong "fork $value" "value '$value'" "'fork'" "0..1e+09"
done
wrong 'look 0' "'look'" "1..1e+09"
wrong "$(printf '%600s' fork)" too long "510 bytes"
wrong 'fork\0001\n' not text
printf 'fork 1\n\n# again\nfork 2\n' >wrong
refused "wrong:4 'fork' twice once" sim tree:depth=2 --costs wrong
refused "'.' Is directory" sim tree:depth=2 --costs .
printf '# nothing\n\n \t\r\n' >empty
run_filch 0 sim tree:depth=8
cp out built_in
run_filch 0 sim tree:depth=8 --costs empty
claim "an empty file changes nothing" cmp out built_in
finish
