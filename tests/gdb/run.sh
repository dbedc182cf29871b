#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# tools/gdb/filch.py lists suspended tasks, with the function that waits and its callers.
# usage: run.sh PROGRAM
set -u
command -v gdb >/dev/null || { echo "gdb is not installed"; exit 77; }
source=$(cd "$(dirname "$0")/../.." && pwd)
said=$(LC_ALL=C gdb -nx -q -batch -ex 'set debuginfod enabled off' -ex 'break both_wait' -ex run \
    -x "$source/tools/gdb/filch.py" -ex filch-tasks -ex "backtrace 1" -ex kill "$1" 2>&1)
failed=0
while read -r expected; do
    grep -Eq "$expected" <<<"$said" || { echo "not in the output: $expected"; failed=1; }
done <<'EXPECTED'
^task holder, started at .*waiting\.c:[0-9]+, waits in filch_sleep
^task wants_mutex, started at .*waiting\.c:[0-9]+, waits in filch_mutex_lock for 0x
^#0 +fl_switch \(
 in wants_mutex \(self=.* at .*waiting\.c
^2 suspended tasks$
^#0 +both_wait
EXPECTED
[ $failed = 0 ] || echo "$said"
exit $failed
