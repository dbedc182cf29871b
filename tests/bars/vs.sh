#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# The peers that were built serve every kind of order and agree; bar-vs judges them, and finds a peer that is wrong,
# dies, or is missing.
# usage: vs.sh FOLDER-OF-BARS FOLDER-OF-PEERS
set -u
here=$(cd "$(dirname "$0")" && pwd)
bars=$(cd "$1" && pwd)
peers=$(cd "$2" && pwd)
. "$here/../support/claims.bash"

# ends STATUS COMMAND...: must end with that status; leaves its output in out and err.
ends() {
    local expected=$1 status=0
    shift
    "$@" >out 2>err || status=$?
    claim "$* ends with $expected, not $status: $(head -c 400 err)" test "$status" -eq "$expected"
}

# fake NAME ANSWER: a peer that answers every order so.
fake() {
    printf '#!/bin/sh\nwhile read -r order; do echo "%s"; done\n' "$2" >"$1"
    chmod +x "$1"
}

kinds=$(sed -n 's/^        {"\([a-z-]*\)", .*/\1/p' "$here/../../bench/peers/ours.c")
claim "kinds are found in ours.c: $kinds" test "$(wc -w <<<"$kinds")" -ge 19
built=("filch=$peers/peer-filch")
for name in filch hand go asio tbb libgomp libomp; do
    program=$peers/peer-$name
    [ -x "$program" ] || continue
    [ "$name" = filch ] || built+=("$name=$program")
    for kind in $kinds unknown; do
        echo "$kind 200 2 2 2 100 10"
    done | "$program" >answers
    claim "${program##*/} answers every order" test "$(wc -l <answers)" -eq $(($(wc -w <<<"$kinds") + 1))
    claim "${program##*/} answers in five figures, or none" \
        test "$(grep -Evc '^([0-9.]+ ){4}[0-9.]+$|^none$' answers)" -eq 0
    claim "${program##*/} serves some kind" grep -q '^[0-9]' answers
    claim "${program##*/} does not serve an unknown kind" test "$(tail -1 answers)" = none
done

status=0
"$bars/bar-vs" --repeat 1 --size 1 "${built[@]}" >out 2>err || status=$?
claim "bar-vs runs every row with ${built[*]}: status $status: $(cat err)" test "$status" -le 1 -a ! -s err
claim "no row is left out" test "$(grep -c 'reported$' out)" -ge 50
claim "hand is judged" grep -Eq '^fifo jobs, .*: time / hand .* (reached|MISSED)$' out

fake slow "9 9 600 9 9"
fake fast "0.000000001 0.000000001 600 0 0"
ends 0 "$bars/bar-vs" --repeat 1 --size 1 --only jobs-fifo-1x1 "filch=$peers/peer-filch" "hand=./slow" "asio=./slow"
claim "a slower peer is beaten" test "$(grep -c 'reached$' out)" -eq 2
ends 1 "$bars/bar-vs" --repeat 1 --size 1 --only jobs-fifo-1x1 "filch=$peers/peer-filch" "hand=./fast" "asio=./slow"
claim "a faster one is not" grep -q 'time / hand .*MISSED$' out
ends 1 "$bars/bar-vs" --repeat 1 --size 1 --only jobs-fifo-1x1 "filch=$peers/peer-filch" "hand=./slow"
claim "a missing one is named" grep -Eq 'time / asio +-?nan .*MISSED$' out

fake wrong "1 1 599 1 1"
ends 1 "$bars/bar-vs" --repeat 1 --size 1 --only jobs-fifo-1x1 "filch=$peers/peer-filch" "hand=./wrong"
claim "a wrong answer is found: $(cat err)" grep -q 'hand: not the answer of the first column' err
ends 1 "$bars/bar-vs" --repeat 1 --size 1 --only mutex "filch=$peers/peer-filch" "hand=/nowhere"
claim "a peer that dies is named: $(cat err)" grep -q 'hand: ended without an answer' err
ends 2 "$bars/bar-vs" --only no-such-row "filch=$peers/peer-filch"
ends 2 "$bars/bar-vs" "hand=./slow"

fake fib "9 9 196418 0 0"
ends 0 "$bars/bar-peers" --size 20 --repeat 1 fake=./fib
claim "bar-peers judges the best peer" grep -Eq 'best peer \(fake\) / filch .*reached$' out
fib=()
for peer in "${built[@]}"; do
    case $peer in tbb=* | libgomp=* | libomp=*) fib+=("$peer") ;; esac
done
status=0
"$bars/bar-peers" --size 20 --repeat 1 "${fib[@]}" >out 2>err || status=$?
claim "all peers find fib: status $status: $(cat err)" test "$status" -le 1 -a ! -s err
[ "$failures" -eq 0 ]
