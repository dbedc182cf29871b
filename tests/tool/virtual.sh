#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# FILCH_VIRTUAL: the same seed gives the same schedule and the same trace, byte for byte; other seeds give others. Deadlocks, loops
# without a decision point, foreign threads, waits for files and wrong settings are named.
. "$(dirname "$0")/common.bash"

# run NAME [VARIABLE=VALUE ...]: a program with two virtual workers, always at the same addresses; its output is in out and err.
run() {
    local name=$1
    shift
    env FILCH_VIRTUAL=2 "$@" setarch -R "$VIRTUAL_PROGRAM" "$name" >out 2>err
}

# fails TEXT COMMAND...: the command must fail.
fails() {
    local text=$1
    shift
    claim "$text" eval "! $*"
}

# ---- Equal and different schedules ----

for i in {01..10}; do # names of one length: the same addresses
    run work FILCH_SEED=7 FILCH_TRACE="trace-$i,tasks,limit=2M" FILCH_EXPLORE="record=schedule-$i"
    cp out "out-$i"
done
claim "ten runs with one seed print the same" test "$(cat out-* | sort -u | wc -l)" -eq 1
claim "ten runs with one seed have the same schedule" test "$(md5sum schedule-* | cut -d' ' -f1 | sort -u | wc -l)" -eq 1
claim "ten runs with one seed have the same trace" test "$(md5sum trace-* | cut -d' ' -f1 | sort -u | wc -l)" -eq 1

for i in {1..5}; do
    run work FILCH_SEED="$i" FILCH_EXPLORE="record=seed-$i"
    run work FILCH_SEED="$i" FILCH_EXPLORE="depth=3,steps=500,record=pct-$i"
done
claim "five seeds have five schedules of the random walk" test "$(md5sum seed-* | cut -d' ' -f1 | sort -u | wc -l)" -eq 5
claim "five seeds have several schedules of PCT" \
    test "$(for i in {1..5}; do tail -c +65 "pct-$i" | md5sum; done | sort -u | wc -l)" -ge 2

run work FILCH_SEED=7 FILCH_EXPLORE="replay=schedule-01,record=replayed"
claim "a replay makes the same switches, also without the trace" cmp schedule-01 replayed
echo "of somebody" >other
fails "a schedule is not written into another file" run work FILCH_EXPLORE=record=other
claim "the other file is named: $(cat err)" grep -q "schedule 'other': it exists and holds something else" err
claim "the other file stays as it was" grep -qx "of somebody" other
for seed in 1 2 3; do
    env FILCH_SEED="$seed" FILCH_VIRTUAL=64 "$VIRTUAL_PROGRAM" work >out 2>err
    claim "64 virtual workers end, too" grep -q '^100 at' out
done

# ---- Ends that are named ----

fails "a deadlock ends the process" run deadlock FILCH_SEED=1 FILCH_EXPLORE=record=died
claim "a deadlock names its tasks" grep -q 'locks waits in filch_mutex_lock' err
claim "the schedule of a process that died can be followed" test "$(stat -c %s died)" -gt 56
fails "a replayed deadlock does" run deadlock FILCH_SEED=1 FILCH_EXPLORE=replay=died
claim "its replay ends alike" grep -q 'locks waits in filch_mutex_lock' err

fails "a run ends at its limit" run work FILCH_EXPLORE=limit=20
claim "a limit of decision points is named" grep -q 'no progress: 21 decision points.*limit=20' err
run spin
claim "a loop without a decision point is named" grep -q 'has run for 1 s without a decision point' err
fails "a foreign thread ends the process" run foreign
claim "a foreign thread is named" grep -q 'is not virtual called Filch under FILCH_VIRTUAL' err
fails "a fork ends the process" run forks
claim "a fork is named" grep -q 'fork() under FILCH_VIRTUAL' err
run waits
claim "a wait for a file is refused" grep -q refused out

# ---- Wrong settings ----

# refuses TEXT VARIABLE=VALUE ...: the runtime is not created, and the message has TEXT.
refuses() {
    local text=$1
    shift
    fails "$* is an error" run work "$@"
    claim "'$*' is refused with '$text'" grep -qF -- "$text" err
}
refuses 'FILCH_VIRTUAL=0 is out of range; give 1 to 64' FILCH_VIRTUAL=0
refuses 'FILCH_VIRTUAL=65 is out of range; give 1 to 64' FILCH_VIRTUAL=65
refuses "unknown option 'deep' of FILCH_EXPLORE (valid: depth=D" FILCH_EXPLORE=deep=1
refuses "depth '0' is out of range (1 to 100)" FILCH_EXPLORE=depth=0
refuses "steps '1x' is out of range" FILCH_EXPLORE=steps=1x
refuses 'replay without a file' FILCH_EXPLORE=replay=
refuses "cannot read schedule '/nonexistent/s': No such file" FILCH_EXPLORE=replay=/nonexistent/s
refuses "cannot write schedule '/nonexistent/s': No such file" FILCH_EXPLORE=record=/nonexistent/s
refuses 'FILCH_SHARE=1 is impossible with FILCH_VIRTUAL' FILCH_SHARE=1
head -c 100 schedule-01 >cut
refuses "schedule 'cut' cannot be followed: it is cut" FILCH_EXPLORE=replay=cut
echo "no schedule, but as long as the head of one would be: 56 bytes" >foreign
refuses "schedule 'foreign' cannot be followed: it is not a schedule" FILCH_EXPLORE=replay=foreign
{ head -c 8 schedule-01 && printf '\2\0\0\0' && tail -c +13 schedule-01; } >newer
refuses "schedule 'newer' cannot be followed: another version" FILCH_EXPLORE=replay=newer
finish
