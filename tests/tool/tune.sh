#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# test: long
# filch tune: every part has its table and advice; figures agree with each other; wrong command lines are refused. Nothing is
# said about how fast anything is.
. "$(dirname "$0")/common.bash"

refused "nonsense width queue" tune nonsense
refused "nonsense cpu io mixed" tune --load nonsense
refused "--cpu 1s; units us, default" tune --cpu 5
refused "--cpu 1s; units us, default" tune --cpu 2s
refused "--wait" tune --wait -1ms
refused "--cpu --wait" tune --cpu 0 --wait 0
refused "--serial 0.9" tune --serial 1
refused "--rejected 1" tune --rejected 1.5
refused "--widths 4096" tune --widths 1,0
refused "--widths 4096" tune --widths 5000
refused "--widths empty" tune --widths ,
refused "--widths 24" tune --widths "$(seq -s, 30)"
refused "--capacities" tune --capacities ten
refused "--rate" tune --rate 0
refused "--width" tune --width 1.5
refused "--repeat" tune --repeat 0
refused "option" tune --nonsense
run_filch 0 tune --help
for word in --load --cpu --wait --serial --widths --capacities --rate --rejected --width --repeat --quick "mixed  " Examples; do
    claim "the help of tune names $word" grep -q -- "$word" out
done

run_filch 0 tune width --quick --cpu 20us --repeat 1 --widths 4,2,2
claim "stderr is empty: $(cat err)" test ! -s err
claim "the advice comes first: $(head -1 out)" grep -q "^recommended width: [124] " <(head -1 out)
claim "the widths are 1, 2 and 4" test "$(grep -Eo '^ +[124] ' out | tr -d ' \n')" = 124
claim "one part was asked for" test "$(grep -Ec '^(Width|Queue):' out)" -eq 1
claim "no escape sequences off a terminal" test -z "$(tr -dc '\033' <out)"
for word in "Amdahl's law fits" "Noise:" "load own: a job computes 20.0 us"; do
    claim "the table says $word" grep -q "$word" out
done

run_filch 0 tune queue --quick --load io --repeat 1 --width 2 --rate 5000 --capacities 4
claim "a pool that is far too narrow has no capacity: $(head -1 out)" grep -q "recommended capacity: none .*too narrow" <(head -1 out)
run_filch 0 tune queue --quick --load io --repeat 1 --width 8 --rate 100 --capacities 4,500
claim "a pool that is hardly used has one: $(head -1 out)" grep -Eq "^recommended capacity: (4|500) " <(head -1 out)
claim "Little's law is checked" grep -q "L = lambda \* W: the two sides lie at most" out
run_filch 0 tune --quick --repeat 2 --load mixed --serial 0.1 --widths 2,4 --capacities 32,2
claim "stderr is empty: $(cat err)" test ! -s err
claim "both parts are there" test "$(grep -Ec '^(Width|Queue):' out)" -eq 2
claim "speed-ups are over width 1: $(cat out)" grep -Eq '^ +1 +1 .* 1\.00 +1\.00\.\.1\.00 +1\.00' out
claim "capacities ascend" test "$(sed -n '/^Queue/,$p' out | grep -Eo '^ +[0-9]+ ' | tr -d ' \n')" = 232
# The widths that were measured have the recommended one, and the mark.
width=$(sed -n 's/^recommended width: \([0-9]*\) .*/\1/p' out)
claim "its row is marked: $(cat out)" grep -Eq "^ +$width .*<- recommended$" out
claim "the queue's pool is as wide: $(cat out)" grep -q "^Queue: .* width $width;" out

status=0
"$filch" tune width --quick --repeat 1 --widths 1 >/dev/full 2>err || status=$?
claim "a full disk is an error" test $status -eq 2 -a -s err
finish
