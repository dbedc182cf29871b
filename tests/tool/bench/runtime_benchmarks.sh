#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# The programs of the public table find the right answers, and print what the table reads, with 1 and 3 workers.
. "$(dirname "$0")/../common.bash"
program=$(dirname "$(dirname "$filch")")/bench/runtime_benchmarks
[ -e "$program" ] || skip "built without the programs of bench/"
for name in fib matmul nqueens skynet; do ln -s "$program" $name; done

# prints ANSWER COUNTED COMMAND...: the record in YAML, after the answer
prints() {
    "${@:3}" >out 2>err
    claim "${*:3}: $(cat out err)" test "$(sed 's/: [0-9]* \(us\|KiB\)$/: \1/' out | paste -sd, -)" = \
        "threads: ${threads},output: $1,runs:,  - $2,    duration: us,    max_rss: KiB"
}
for threads in 1 3; do
    prints 6765 'iteration_count: 1' ./fib 20 $threads
    prints 64 'matrix_size: 64' ./matmul 64 $threads
    prints 40 'iteration_count: 1' ./nqueens $threads 7
    prints 499500 'iteration_count: 1' ./skynet $threads 3
done

# refuses WORDS COMMAND...: ends with status 2 and these words
refuses() {
    local status=0
    "${@:2}" >out 2>err || status=$?
    claim "${*:2}: '$1', not $status: $(cat err)" test "$status-$(grep -cF -- "$1" err)" = 2-1
}
refuses "usage: fib SIZE [THREADS]" ./fib
refuses "size '91' is not a number in range (0..90)" ./fib 91
refuses "size 96 is not a power of two" ./matmul 96
refuses "threads 'two' is not a number in range (1..1024)" ./nqueens two
refuses "unknown program 'runtime_benchmarks' (valid: fib, matmul, nqueens, skynet)" "$program"
finish
