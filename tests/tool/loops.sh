#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# test: processors 2 (a loop gains only where a second processor is free)
# filch top and filch trace show the loops of a program: each call that it counts itself, the speed-up of a loop that gains,
# and that a short loop stays with its caller.
. "$(dirname "$0")/common.bash"
program=${LOOPS_PROGRAM:?the path of a program with loops}

# start NAME ARGUMENT...: the program, whose number is then in $pid; it ends when stop is called.
start() {
    mkfifo "$1.in"
    env FILCH_WORKERS=2 "${@:2}" <"$1.in" >"$1.out" &
    pid=$!
    exec 3>"$1.in"
}

stop() {
    exec 3>&-
    wait "$pid"
}

# figure MEMBER LOOP: that member of a loop in the JSON that was read last; nothing, if there is none.
figure() {
    python3 -c 'import json, sys
print(*(loop[sys.argv[1]] for loop in json.load(open("out"))["loops"] if loop["name"] == sys.argv[2]))' "$1" "$2"
}

gains() {
    case $(figure speed_up gains) in
    '' | None | 0.* | 1.00*) return 1 ;;
    esac
}

# read_json MS: the figures of an interval, in out.
read_json() {
    until "$filch" top --once --json --interval "$1" "$pid" >out 2>err; do
        grep -q "no statistics page" err || return 1
    done
}

start counted FILCH_SHARE=1 "$program" 30
until [ -s counted.out ]; do sleep 0.05; done
calls=$(cat counted.out)
for ((i = 0; i < 50; i++)); do # until its last calls are published
    read_json 100 && [ "$(figure calls gains) $(figure speed_up gains)" = "$calls None" ] && break
done
for loop in gains stays; do
    claim "each call of $loop is counted: $(cat out)" test "$(figure calls $loop)" = "$calls"
    claim "a loop without calls has no speed-up: $(cat out)" test "$(figure speed_up $loop)" = None
done
claim "a loop has its iterations: $(cat out)" test "$(figure iterations stays)" = 64
claim "the counted program ends well" stop

start running FILCH_SHARE=1 "$program" 0
claim "the figures come: $(cat err)" read_json 200
if [ "$(nproc)" -gt 1 ]; then # on a busy machine it gains in some interval only
    for ((i = 0; i < 400; i++)); do
        ! gains && read_json 100 || break
    done
    claim "the long loop gains: $(cat out)" gains
fi
claim "the short loop stays with its caller: $(cat out)" test $(($(figure helped stays) * 10)) -le "$(figure calls stays)"
run_filch 0 top --once --interval 200 "$pid"
for words in "^loop  *n calls/s helped  *time  serial  speed-up$" "^gains  *2^8 .* [mu]s .* [mu]s " "^stays  *2^6 .* us .* us "; do
    claim "the figures have '$words': $(cat out)" grep -q "$words" out
done
claim "no line is wider than 60: $(awk 'length > 60' out)" sh -c '! grep -q "^.\{61\}" out'
claim "the running program ends well" stop

claim "$program runs while it is traced" sh -c 'FILCH_WORKERS=2 FILCH_TRACE=run.trace "$1" 20 </dev/null >counted.out' sh "$program"
run_filch 0 trace run.trace
calls=$(cat counted.out)
for row in "gains  *2^8  *$calls " "stays  *2^6  *$calls "; do
    claim "the summary has '$row': $(cat out)" grep -q "^$row" out
done
finish
