#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# Where the system refuses CPU affinity, filch bench measures without pinning, and marks its rows.
. "$(dirname "$0")/../common.bash"
${CC:-cc} -O1 -D_GNU_SOURCE -I"$here/../.." -I"$here/../../include" -o without_affinity "$here"/{without_affinity,../support/system/seccomp}.c || exit 1
real=$filch
cat >filch <<END
#!/bin/sh
exec "$PWD/without_affinity" "$real" "\$@"
END
chmod +x filch
filch=$PWD/filch
fib="bench --kernels fib --size tiny --repeat 1 --workers 1,2"

run_filch 0 $fib
claim "both rows of the runtime are marked: $(cat out)" test "$(grep -c '^  work stealing.* [0-9.]* [^ ]*s\*' out)" -eq 2
claim "the reason names FILCH_BIND: $(cat out)" grep -q '^\*: disturbed, .*FILCH_BIND=none: workers were not pinned' out
claim "copies that cannot be pinned are no ceiling" test "$(grep -c '^ceiling' out)" -eq 0

run_filch 0 $fib --format csv
field=$(head -1 out | tr -d '\r' | tr , '\n' | grep -n '^unpinned$' | cut -d: -f1)
claim "CSV says which samples are not pinned" \
    test "$(tr -d '\r' <out | cut -d, -f"${field:-99}" | tail -n +2 | sort | uniq -c | tr -s ' \n' ' ')" = " 1 0 4 1 "

FILCH_BIND=none run_filch 0 $fib
claim "workers that nobody wants to pin are not marked: $(cat out)" test "$(grep -c 'not pinned' out)" -eq 0
FILCH_BIND=core run_filch 2 $fib
claim "a binding that was asked for is an error that names it: $(cat err)" grep -q 'bind=core.*FILCH_BIND' err

run_filch 0 sim --calibrate=1
claim "filch sim --calibrate says what it cannot measure: $(cat err)" grep -q 'refuses to pin' err

if pkg-config --exists jansson; then
    run_filch 0 $fib --json --report page.html
    claim "the result file names the reason" grep -q '"unpinned"' out
    claim "the page has it" grep -q '"noise":\[[^]]*"unpinned"\]' page.html
fi
finish
