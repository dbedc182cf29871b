#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# test: long
# tools/soak.sh runs what there is with fresh seeds, stops at the first failure with the command that repeats it, and
# ends cleanly when it is told to. The executables are played by scripts.
. "$(dirname "$0")/common.bash"
soak=$here/../../tools/soak.sh
export FILCH_SOAK_BUILD=$scratch/build
mkdir -p build/model/tests/model build/release/tests build/fuzz/tests/fuzz

# played PATH: an executable that notes how it was called, then does what stdin says.
played() {
    { echo '#!/bin/sh'; echo "echo \"\$FILCH_SEED \$*\" >>'$scratch/calls'"; cat; } >"build/$1"
    chmod +x "build/$1"
}
run_soak() { # STATUS ARGUMENT...
    local expected=$1 status=0
    shift
    "$soak" "$@" >out 2>err || status=$?
    claim "soak.sh $* ends with $expected, not $status: $(tail -n 3 out err)" test "$status" -eq "$expected"
}

for wrong in 0 -1 soon --rounds '--rounds x' --slow; do
    # shellcheck disable=SC2086
    run_soak 2 $wrong
    claim "the usage is told for '$wrong'" grep -q "not a number from 1 on" err
done
run_soak 2 --rounds 1
claim "nothing built is no success: $(cat err)" grep -q 'nothing to run' err

played model/tests/model/model_one <<<'exit 0'
played release/tests/tests_stress <<<'exit 0'
played release/tests/tests_unit_engine <<<'exit 0'
printf '%s\n' 'test_trees tests_stress stress' 'test_settings tests_unit_engine unit' 'test_queues test_queues stress' >build/release/tests/programs.txt
played fuzz/tests/fuzz/fuzz_sched <<<'exit 0'
run_soak 0 --rounds 3 --quick
for kind in model stress fuzz; do
    claim "three rounds of $kind: $(cat out)" grep -Eq "^$kind +3 rounds +[0-9]+ s +0 failures" out
done
claim "a test that is not built is reported, once" test "$(grep -c '^fault: nothing built' out)" -eq 1
claim "each of nine calls had a seed of its own: $(cat calls)" test "$(sort -u calls | wc -l)" -eq 9
claim "models get it as --seed" test "$(grep -c -- '--random 20000 --seed [0-9]' calls)" -eq 3
claim "tests as FILCH_SEED" test "$(grep -c '^[0-9][0-9]* --file test_trees -j1$' calls)" -eq 3
claim "fuzzers as -seed" test "$(grep -c -- '-seed=[0-9].* -runs=100 .*corpus/sched$' calls)" -eq 3

rm calls
run_soak 0 --dry
claim "--dry runs nothing" test ! -e calls

played release/tests/tests_stress <<<'echo words of the test; exit 3'
run_soak 1 --quick
claim "the failure is counted: $(cat out)" grep -Eq '^stress +1 rounds .* 1 failures' out
claim "the test's output is shown" grep -q 'words of the test' out
claim "later tests were not run" grep -Eq '^fuzz +0 rounds' out
repeat=$(sed -n 's/^stress: failed with status 3; to repeat it: //p' out)
tail -n 1 calls >last
status=0
bash -c "$repeat" >out 2>err || status=$?
claim "the command repeats it: $repeat" test $status -eq 3
claim "with the same seed" test "$(tail -n 1 calls)" = "$(cat last)"

mkfifo began
played model/tests/model/model_one <<<"echo \$\$ >'$scratch/began'; exec sleep 1000"
"$soak" 5 >out 2>err &
running=$!
read -r child <began
kill -TERM $running
status=0
wait $running || status=$?
claim "told to stop, it ends with 130, not $status" test $status -eq 130
claim "with a summary: $(cat out)" grep -Eq '^model +0 rounds' out
claim "and leaves nothing behind" bash -c "! kill -0 $child 2>/dev/null || [ \"\$(ps -o stat= -p $child | cut -c1)\" = Z ]"
finish
