#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# tests/deploy/mutants.py on a small tree of its own: which rows pass, and which are failures.
set -u
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$here/../support/claims.bash"
command -v python3 >/dev/null || skip "python3 not found"
mkdir -p tools/deploy/area tests/deploy/mutants
cp "$here/../deploy/mutants.py" tests/deploy
printf 'port: 80\nname: a\nhost: here\n' >tools/deploy/area/file
cat >tests/deploy/check.sh <<'END_OF_CHECK'
echo run >>"$RUNS"
[ -z "${ABSENT-}" ] || { echo "no tools"; exit 77; }
grep -q 'port: 80$' "$2/area/file" || { echo "wrong port"; wrong=1; }
grep -q 'host: here$' "$2/area/file" || { echo "wrong host"; wrong=1; }
[ -z "${wrong-}" ]
END_OF_CHECK
export RUNS=$PWD/runs

# run ROW...: a table of these rows; leaves status and out.
run() {
    printf '%s\n' '# comment' '' "$@" >tests/deploy/mutants/area
    status=0
    : >runs
    python3 tests/deploy/mutants.py area >out 2>&1 || status=$?
}
right='area/file | s/80/81/ | wrong port | a fault'

run "$right"
claim "a mutant that the check finds dies: $(cat out)" test "$status" -eq 0
claim "and is counted: $(cat out)" grep -qx '1 mutants' out
claim "the original is not changed" grep -q 'port: 80$' tools/deploy/area/file

run "$right" '& area/file | s/here/there/ | wrong host | a fault' "$right"
claim "rows with & die in the run of the row above: $(cat out)" test "$status-$(tail -n 1 out)" = '0-3 mutants'
claim "there is a run for the files as they are, and two for the mutants" test "$(wc -l <runs)" -eq 3

# refused TEXT ROW: a failure, although the other row is right.
refused() {
    run "$right" "$2"
    claim "a failure: $2: $(cat out)" test "$status" -eq 1
    claim "the message has '$1': $(cat out)" grep -qF -- "$1" out
}
refused 'a mutant survives: a fault' 'area/file | s/name: a/name: b/ | wrong port | a fault'
refused 'changes nothing' 'area/file | s/82/81/ | wrong port | a fault'
refused "does not print 'wrong name'" 'area/file | s/80/81/ | wrong name | a fault'
refused 'changes nothing' 'area/other | s/80/81/ | wrong port | a fault'
refused "does not print 'wrong name'" '& area/file | s/name: a/name: b/ | wrong name | a fault'
refused 'changes nothing' '& area/file | s/80/81/ | wrong port | a fault'

ABSENT=yes run "$right"
claim "a skipped check is told by status 77: $(cat out)" test "$status" -eq 77
run
claim "a table without rows is a failure: $(cat out)" test "$status" -eq 1
sed -i s/80/82/ tools/deploy/area/file
run "$right"
claim "so is a check that fails for the files as they are: $(cat out)" test "$status" -eq 1
[ "$failures" -eq 0 ]
