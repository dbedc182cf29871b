#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# filch explore finds the bugs of small OpenMP programs, with and without decision points before their accesses, and none in a
# right one.
# POINTS: the libraries of filch-points. OMP_CC: the compiler (default gcc)
. "$(dirname "$0")/../tool/common.bash"
here=$(cd "$(dirname "$0")" && pwd)
compiler=${OMP_CC:-gcc}

# built PROGRAM: as PROGRAM, and with decision points as PROGRAM_points.
built() {
    "$compiler" -g -O1 -fopenmp "$here/explore/$1.c" -o "$1" &&
        "$compiler" -g -O1 -fopenmp -fsanitize=thread -c "$here/explore/$1.c" -o "$1.o" &&
        # shellcheck disable=SC2086
        "$compiler" -fopenmp "$1.o" $POINTS -o "$1_points"
}

# found STATUS PROGRAM END STORY: the report says both.
found() {
    run_filch 1 explore --openmp --keep kept "./$1"
    claim "$1: $2: $(cat out)" grep -q "^\./$1: $2, found by" out
    claim "$1 shows where a thread stops: $(cat out)" grep -Eq "$3" out
    run_filch 1 explore --openmp --replay kept "./$1"
    claim "$1 fails again: $(cat out)" grep -q "^\./$1: $2" out
}

for program in right_transfer two_criticals no_reduction opposite_locks held_lock; do
    claim "$program is built" built $program
done
for kind in '' _points; do
    run_filch 0 explore --openmp --seeds 300 "./right_transfer$kind"
    run_filch 0 explore --openmp --seeds 100 --workers 4 "./right_transfer$kind"
    found two_criticals$kind 'ended with status 1' 'thread [01] stops at two_criticals\.c:[0-9]+ in '
    found opposite_locks$kind deadlock 'thread [01] (stops|waits|yields) at .*; thread [01] goes on'
    found held_lock$kind deadlock 'the program fails without any|goes on$'
done
run_filch 0 explore --openmp --seeds 100 ./no_reduction
found no_reduction_points 'data race' 'of 8 bytes at no_reduction\.c:[0-9]+ in .* by thread [01],'
refused "a parallel region of OpenMP with two threads or more" explore --openmp true
finish
