#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# filch top shows a running program: as text, as JSON, on a screen of 60 by 20 without colours; and refuses what it cannot show.
. "$(dirname "$0")/common.bash"
program=${TOP_PROGRAM:?the path of a program for filch top}

refused "few arguments PID" top
refused "process: 'x' number in range 1..4194304" top x
refused "process: '0' number in range 1..4194304" top 0
refused "many arguments '2'" top 1 2
refused "--interval: '5' number in range 100..60000" top --interval 5 1
refused "--runtime: '0' number in range 1..4194304" top --runtime 0 1
refused "json without --once" top --json 1
refused "--set with --once" top --once --set workers=1 1
refused "unknown change 'workers' workers=N, policy=NAME" top --set workers 1
refused "no such process: 4194304" top --once 4194304
refused "no statistics page: process $$ FILCH_SHARE=1" top --once $$

# start NAME ARGUMENT...: the program, whose number is then in $pid; it ends when stop is called.
start() {
    mkfifo "$1.in" "$1.out"
    env FILCH_WORKERS=2 "${@:2}" <"$1.in" >"$1.out" &
    pid=$!
    exec 3>"$1.in"
    read -r _ <"$1.out"
}

stop() {
    exec 3>&-
    wait "$pid"
}

# shown WORDS: waits until the figures have them. A page is there from its first publication on.
shown() {
    until "$filch" top --once --interval 100 "$pid" >out 2>err && grep -q -- "$1" out; do
        [ ! -s err ] || grep -q "no statistics page" err || return 1
    done
}

start quiet "$program"
refused "no statistics page: process $pid" top --once "$pid"
claim "a program that is not shared ends well" stop

start shared FILCH_SHARE=1 "$program" 2
claim "the figures come: $(cat err)" shown "2 filch_channel_receive"
run_filch 0 top --once --interval 1500 "$pid"
for words in "process $pid  top_program  runtime 1 of 2" "workers 2 of 2  policy random  queue chase-lev" \
    "^working [0-9]* %  searching [0-9]* %  asleep [0-9]* %$" "^fibers [0-9]*  waiting 2  sleeps" "jobs [0-9.]* *k*/s" \
    "^   1 [a-z]* *[0-9]* *[0-9]* %" "^listeners *0 *2 *2 *0 *0" "^      2 filch_channel_receive" "thief . victim"; do
    claim "the figures have '$words': $(cat out)" grep -q "$words" out
done
claim "no line is wider than 60: $(awk 'length > 60' out)" sh -c '! grep -q "^.\{61\}" out'

run_filch 0 top --once --json --interval 1500 "$pid"
cat >check.py <<'END'
import json
import sys

shown = json.load(open("out", encoding="utf-8"))
assert shown["schema"] == 1 and shown["process"] == int(sys.argv[1]), shown
assert shown["program"].endswith("/top_program") and shown["runtime"] == 1 and shown["runtimes"] == [1, 2], shown
assert shown["seconds"] > 0, shown["seconds"]
total = shown["total"]
assert total["workers"] == 2 and total["policy"] == "random" and total["pools"] == 2 and total["suspended"] >= 2, total
assert total["jobs_run"] > 0 and total["rates"]["jobs_run"] > 0 and "fibers" not in total["rates"], total
assert [one["worker"] for one in shown["by_worker"]] == [0, 1], shown["by_worker"]
for one in shown["by_worker"]:
    assert one["state"] in ("working", "searching", "asleep"), one
    assert one["task"] is None or isinstance(one["task"], str), one
    assert isinstance(one["cpu"], int) and one["thread"] > 0 and one["ready"] >= 0 and one["forked"] >= 0, one
    assert all(set(row) == {"worker", "items", "rate"} for row in one["stolen_from"]), one
pools = {pool["name"]: pool for pool in shown["pools"]}
assert set(pools) == {"busy", "listeners"}, pools
assert pools["busy"]["rates"]["succeeded"] > 0 and pools["listeners"]["running"] == 2, pools
assert {"call": "filch_channel_receive", "tasks": 2, "rates": {}} in shown["waits"], shown["waits"]
assert {one["call"] for one in shown["waits"]} <= {"filch_channel_receive", "the join of a fork"}, shown["waits"] # now and then one is suspended
END
claim "the JSON is as docs/observe.md says: $(cat out)" python3 check.py "$pid"

refused "process $pid takes no requests FILCH_SHARE=2" top --set workers=1 "$pid"
run_filch 0 top --once --interval 100 --runtime 2 "$pid"
claim "the second runtime can be shown" grep -q "runtime 2 of 2" out
refused "unknown runtime of process $pid: 3 valid: 1, 2" top --once --runtime 3 "$pid"
refused "not a terminal --once" top "$pid"
claim "a full disk is an error" sh -c '! "$1" top --once --interval 100 "$2" >/dev/full 2>err' sh "$filch" "$pid"
claim "and named: $(cat err)" grep -q "No space left" err

if [ "$(id -u)" = 0 ] && command -v setpriv >/dev/null; then
    status=0
    setpriv --reuid 65534 --regid 65534 --clear-groups "$filch" top --once "$pid" 2>err || status=$?
    claim "another user may not look: $status, $(cat err)" grep -q "cannot look into process $pid: Permission denied" err
fi

status=0
python3 -B "$here/top_screen.py" "$pid" >screen.txt 2>&1 || status=$?
claim "the screen: $(cat screen.txt)" test $status -eq 0
claim "the shared program ends well" stop
refused "no such process: $pid" top --once "$pid"

start changed FILCH_SHARE=2 FILCH_MAX_WORKERS=3 "$program"
claim "the figures come: $(cat err)" shown "workers 2 of 3  policy random"
run_filch 0 top --set workers=3 "$pid"
run_filch 0 top --set policy=nearest "$pid"
claim "the program has another number of workers and another policy" shown "workers 3 of 3  policy nearest"
refused "process $pid 4 workers out of range 1 to 3" top --set workers=4 "$pid"
refused "nonsense valid: random" top --set policy=nonsense "$pid"
refused "unknown request 'queue the'" top --set queue=the "$pid"
claim "the changed program ends well" stop

start killed FILCH_SHARE=1 "$program"
claim "the figures come: $(cat err)" shown "process $pid"
status=0
{ python3 -B "$here/top_screen.py" "$pid" end >screen.txt 2>&1 || status=$?; } 2>/dev/null # bash tells of the kill
claim "the end of a program that is watched: $(cat screen.txt)" test $status -eq 0
refused "no such process: $pid" top --once "$pid"
stop || true
finish
