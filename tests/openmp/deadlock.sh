#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# Deadlocks of OpenMP programs are reported, and long waits are not.
# usage: deadlock.sh FOLDER: of the library. OMP_CC: the compiler (default gcc)
set -u
folder=$1
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../support/claims.bash"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
"${OMP_CC:-gcc}" -g -O1 -fopenmp "$here/deadlock.c" -o deadlock || exit 1
export LD_LIBRARY_PATH=$folder

# reported CASE WAIT...: the detector ends it, and names each wait.
reported() {
    local case=$1 wait status=0
    shift
    (FILCH_DEADLOCK=die timeout 20 ./deadlock "$case" >out 2>&1) 2>/dev/null || status=$?
    claim "$case ends by abort, not with $status" test $status = 134
    claim "$case is a deadlock: $(cat out)" grep -q '^filch: all fibers are asleep - deadlock: [23] tasks wait, and nothing is left to wake them$' out
    claim "$case lists each once: $(cat out)" test "$(wc -l <out)" = $(($# + 1))
    for wait in "$@"; do
        claim "$case: a task waits in $wait: $(cat out)" grep -Eq "^filch:   task .+ waits in $wait" out
    done
}
reported taskwait_with_a_lock 'a join of its tasks$' 'omp_set_lock for 0x'
reported opposite_locks 'omp_set_lock for 0x' 'omp_set_lock for 0x'
reported barrier_much_later 'omp_set_lock for 0x' 'a barrier for 0x'
reported barrier_in_critical 'a critical region for 0x' 'a critical region for 0x' 'a barrier for 0x'

timeout 2 ./deadlock opposite_locks >out 2>&1
claim "one line by default: $(cat out)" grep -q '^filch: deadlock: 2 tasks wait, and nothing is left to wake them: task .* waits in omp_set_lock for 0x' out
claim "and no more" test "$(wc -l <out)" = 1

# With a thread that the library does not know, a deadlock is not certain.
for case in sleeper_has_the_lock long_task others_work stranger_unlocks; do
    for does in warn die; do
        [ $case-$does = stranger_unlocks-die ] && continue
        claim "$case ends" env FILCH_DEADLOCK=$does timeout 20 ./deadlock $case >out 2>&1
        claim "$case prints nothing: $(cat out)" test ! -s out
    done
done
exit $((failures > 0))
