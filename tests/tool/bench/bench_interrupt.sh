#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# Ctrl-C keeps finished rounds; files are complete or absent, never empty; a column whose process dies is a failure in the
# headline.
. "$(dirname "$0")/../common.bash"
pkg-config --exists jansson || skip "jansson is not installed"

# interrupted SIGNAL WAIT FILE OPTION...: a measurement that would take minutes, ended when WAIT says so.
interrupted() {
    local status=0 signal=$1 wait=$2 file=$3
    shift 3
    "$filch" bench --columns chase-lev --workers 1 --repeat 200 --json --output "$file" --report page.html "$@" \
        2>err &
    command=$!
    until $wait || ! kill -0 $command; do :; done
    kill "-$signal" $command
    wait $command || status=$?
    claim "a signal ends it with 130, not $status: $(head -c 300 err)" test $status -eq 130
}

begun() {
    pgrep -P $command >pids
}

# Its first child has computed for 0.4 s, so that many rounds of two columns and 20 ms each are done.
under_way() {
    begun && [ "$(cut -d' ' -f14 "/proc/$(head -n 1 pids)/stat" 2>/dev/null || echo 0)" -ge 40 ]
}

echo before >kept.json
interrupted TERM begun kept.json --kernels fib --size full
claim "before the first round ended, nothing is written" test "$(cat kept.json)" = before -a ! -e page.html
claim "and that is told" grep -q 'nothing is written' err

interrupted HUP under_way result.json --kernels fib,for,uts-t1 --size tiny
claim "finished rounds are kept" grep -q '"interrupted": true' result.json
claim "they are complete: $(tail -c 20 result.json)" "$filch" compare result.json
claim "so is the page" grep -q '</html>' page.html
claim "no other file is left: $(ls)" test "$(find . -name '*.json.*' -o -name '*.html.*' | wc -l)" -eq 0
run_filch 0 compare result.json
counts=$(grep -o '"seconds"' result.json | wc -l)
claim "there are some samples: $counts" test "$counts" -ge 4

# A column that dies.
"$filch" bench --kernels fib --columns chase-lev,central-mutex --workers 1 --size tiny --repeat 100 >out 2>err &
command=$!
until [ "$(pgrep -P $command | wc -l)" -ge 3 ] || ! kill -0 $command; do :; done
kill -KILL "$(pgrep -n -P $command)"
status=0
wait $command || status=$?
claim "a failure ends it with 1, not $status: $(cat err)" test $status -eq 1
claim "it stands in the headline: $(head -1 out)" grep -q '^failed: fib(20), one queue (central-mutex), 1 worker: its process was killed' <(head -1 out)
claim "the other columns have an answer" grep -q '^fib(20) = 6765' out
finish
