#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# filch explore finds a bug, minimizes its schedule, keeps it, and follows it again; finds none where none is; and refuses
# what it cannot explore.
. "$(dirname "$0")/common.bash"

refused "few arguments PROGRAM" explore
refused "--seeds '0' 1..1000000000" explore --seeds 0 true
refused "--depth '0' 1..10" explore --depth 0 true
refused "--workers '0' 1..64" explore --workers 0 true
refused "--workers '65' 1..64" explore --workers 65 true
refused "--jobs '0' 1..64" explore --jobs 0 true
refused "--seconds 'x'" explore --seconds x true
refused "--gdb with --json" explore --gdb --json true
refused "--replay with --keep" explore --replay a --keep b true
refused "'/nonexistent/program' cannot be run: No such file" explore /nonexistent/program
refused "'nonexistent' cannot be run: No such file" explore nonexistent
echo "no program" >text
refused "'./text' cannot be run: Permission denied" explore ./text
chmod +x text
printf '\177ELF' >text
refused "'./text' cannot be run: Exec format error" explore ./text
refused "'true' has created no runtime with virtual workers" explore true
refused "/nonexistent/schedule cannot be written" explore --keep /nonexistent/schedule "$programs/bank"
refused "schedule 'text' cannot be read: it is not a schedule" explore --replay text "$programs/bank"
refused "schedule '/nonexistent' cannot be read: No such file" explore --replay /nonexistent "$programs/bank"

refused "first run of 'sleep' did not end within 0.1 s" explore --timeout 0.1 sleep 60

# A bug, as text.
run_filch 1 explore --seeds 2000 --keep bank.schedule "$programs/bank"
for words in "^$programs/bank: ended with status 1, found by seed [0-9]* of 2000 in" "  | bank: the balance is -30$" \
    "^schedule: [1-9] switch" "^   1\. .* at bank\.c:[0-9]* in [a-z_]*(); .* goes on$" "filch explore --replay bank.schedule"; do
    claim "the report has '$words': $(cat out)" grep -q "$words" out
done
cp out first
seed=$(sed -n 's/.* found by seed \([0-9]*\) of .*/\1/p' first)
run_filch 1 explore --seeds 2000 --keep again.schedule "$programs/bank"
claim "the same search finds the same schedule" cmp bank.schedule again.schedule

# Its seed: the printed command runs nothing else.
again=$(sed -n '/^again:/{n;s/^ *filch //p}' <(run_filch 1 explore --seeds 2000 "$programs/bank" && cat out))
claim "the command names the seed: $again" grep -qx "explore --first [0-9]* --seeds 1 --workers 2 --depth 3 $programs/bank" <<<"$again"
eval "run_filch 1 $again"
claim "the printed command fails again: $(cat out)" grep -q "ended with status 1, found by seed $seed of 1 in" out

# Its schedule.
run_filch 1 explore --replay bank.schedule "$programs/bank"
claim "the replay fails as before: $(cat out)" grep -q "  | bank: the balance is -30$" out
claim "and tells the same story: $(cat out)" test "$(grep -c ' goes on$' out)" = "$(grep -c ' goes on$' first)"
FILCH_VIRTUAL=2 FILCH_SEED=$seed FILCH_EXPLORE=replay=bank.schedule "$programs/bank" 2>err
claim "the library alone follows it, too: $(cat err)" grep -q "the balance is -30$" err
head -c 40 bank.schedule >cut
refused "schedule 'cut' cannot be read: it is not a schedule" explore --replay cut "$programs/bank"
while read -r at byte fault; do
    cp bank.schedule other
    printf "\\x$byte" | dd of=other bs=1 seek="$at" conv=notrunc status=none
    refused "schedule 'other' cannot be read: $fault" explore --replay other "$programs/bank"
done <<END
8 07 it is of another version
12 00 it is damaged
35 01 it is damaged
72 09 it is damaged
END
if command -v gdb >/dev/null; then
    echo "print balance" | "$filch" explore --replay bank.schedule --gdb "$programs/bank" >out 2>err
    claim "gdb runs the program to its failure: $(cat out err)" grep -q "the balance is -30" out err
fi

# A deadlock of three tasks, each with a worker; that of five is deep (docs/explore.md).
run_filch 1 explore --workers 3 --seeds 5000 "$programs/deep_philosophers" 3
claim "the deadlock of three is found: $(cat out)" grep -q ": deadlock, found by " out

# As JSON, and no bug.
explored 1 counter --seeds 2000 --keep counter.schedule
said "f['end'] == 'data race' and f['code'] == 6 and f['repeats']"
said "'data race on served' in f['output'] and f['output'].count('counter.c:') == 2"
said "r['schema'] == 1 and r['found'] and len(f['schedule']) <= f['switches_found']"
explored 0 right_bank --seeds 100
said "not r['found'] and f is None and r['seeds'] == 100 and 0 < r['chance_per_run'] < r['chance'] < 1"
run_filch 0 explore --seeds 50 "$programs/right_tree"
claim "the chances are told: $(cat out)" grep -q "nothing found by 50 seeds" out
claim "without a terminal there is no progress: $(cat err)" test ! -s err
cat >terminal.py <<'END'
import os
import pty
import subprocess
import sys

reader, terminal = pty.openpty()
subprocess.run([sys.argv[1], "explore", "--seeds", "20", sys.argv[2]], stdout=subprocess.DEVNULL, stderr=terminal, check=True)
os.close(terminal)
assert b" of 20 seeds, " in os.read(reader, 65536)
END
claim "on a terminal there is progress" python3 terminal.py "$filch" "$programs/right_tree"
claim "a full disk is an error" sh -c '! "$1" explore --seeds 5 "$2" >/dev/full 2>err' sh "$filch" "$programs/right_bank"
claim "and named: $(cat err)" grep -q "cannot be written" err
finish
