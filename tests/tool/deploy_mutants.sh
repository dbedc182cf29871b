#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# tests/deploy/mutants.sh on a small tree of its own: which rows pass, and which are failures.
set -u
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$here/../support/claims.bash"
mkdir -p tools/deploy/area tests/deploy/mutants tests/support
cp "$here/../deploy/mutants.sh" tests/deploy
cp "$here/../support/claims.bash" tests/support
printf 'port: 80\nname: a\nhost: here\n' >tools/deploy/area/file
cat >tests/deploy/ports.sh <<'END'
echo run >>"$RUNS"
grep -q 'port: 80$' "$1/area/file" || { echo "wrong port"; wrong=1; }
grep -q 'host: here$' "$1/area/file" || { echo "wrong host"; wrong=1; }
[ -z "${wrong-}" ]
END
export RUNS=$PWD/runs
echo 'echo no tools; exit 77' >tests/deploy/absent.sh
echo 'echo broken; exit 1' >tests/deploy/broken.sh

# run ROW...: a table of these rows; leaves status and out.
run() {
    printf '%s\n' '# comment' '' "$@" >tests/deploy/mutants/area
    status=0
    : >runs
    bash tests/deploy/mutants.sh area >out 2>&1 || status=$?
}
right='area/file | s/80/81/ | ports | wrong port | a fault'

run "$right"
claim "a mutant that the check finds dies: $(cat out)" test "$status" -eq 0
claim "and is counted: $(cat out)" grep -qx '1 mutants die, 0 skipped' out
claim "the original is not changed" grep -q 'port: 80$' tools/deploy/area/file

run "$right" '& area/file | s/here/there/ | ports | wrong host | a fault' "$right"
claim "rows with & die in the run of the row above: $(cat out)" grep -qx '3 mutants die, 0 skipped' out
claim "there is a run for the files as they are, and two for the mutants" test "$(wc -l <runs)" -eq 3

# refused TEXT ROW: a failure, although the other row is right.
refused() {
    run "$right" "$2"
    claim "a failure: $2: $(cat out)" test "$status" -eq 1
    claim "the message has '$1': $(cat out)" grep -qF -- "$1" out
}
refused 'a mutant survives: a fault' 'area/file | s/name: a/name: b/ | ports | wrong port | a fault'
refused 'changes nothing' 'area/file | s/82/81/ | ports | wrong port | a fault'
refused "prints 'wrong name'" 'area/file | s/80/81/ | ports | wrong name | a fault'
refused 'the file exists' 'area/other | s/80/81/ | ports | wrong port | a fault'
refused 'broken passes for the files as they are' 'area/file | s/80/81/ | broken | broken | a fault'

refused "prints 'wrong name'" '& area/file | s/name: a/name: b/ | ports | wrong name | a fault'
refused 'changes nothing' '& area/file | s/80/81/ | ports | wrong port | a fault'
refused 'is the check of the rows above' '& area/file | s/here/there/ | broken | broken | a fault'

run "$right" 'area/file | s/80/81/ | absent | wrong port | a fault'
claim "rows of a skipped check are skipped: $(cat out)" grep -qx '1 mutants die, 1 skipped' out
run 'area/file | s/80/81/ | absent | wrong port | a fault'
claim "status 77 says that all were: $(cat out)" test "$status" -eq 77
run
claim "a table without rows is a failure: $(cat out)" test "$status" -eq 1
[ "$failures" -eq 0 ]
