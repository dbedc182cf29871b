#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# tools/gdb/filch.py shows workers, fibers and their call stacks, of a process and of its core file.
# usage: run.sh PROGRAM
set -u
program=$1
source=$(cd "$(dirname "$0")/../.." && pwd)
source "$source/tests/support/claims.bash"
command -v gdb >/dev/null || skip "gdb is not installed"

# ask COMMAND... -- PROGRAM [CORE]: prints gdb's answers, without the user's settings.
ask() {
    local arguments=()
    while [ "${1-}" != -- ]; do
        arguments+=(-ex "$1")
        shift
    done
    shift
    LC_ALL=C gdb -nx -q -batch -iex 'set debuginfod enabled off' -x "$source/tools/gdb/filch.py" "${arguments[@]}" "$@" 2>&1
}

# expect WHERE TEXT: each regular expression of the standard input stands in the text.
expect() {
    while read -r expected; do
        claim "$1 shows '$expected'" grep -Eq -e "$expected" <<<"$2"
    done
    [ $failures = 0 ] || echo "$2"
}

looks=('filch workers' 'filch fibers' 'filch bt 2' 'filch bt all 1' 'filch bt 4' 'filch bt 99' 'filch bt' 'filch bt 1 x' 'backtrace 1')
process=$(ask 'break all_states' run "${looks[@]}" 'gcore core' kill -- "$program")
core=$(ask "${looks[@]}" -- "$program" core)

for where in process core; do
    expect "the $where" "${!where}" <<'EXPECTED'
^worker +thread +state +fiber +task$
^0 +[0-9]+ +working +4 +makes_ready$
^fiber +state +task +waits in +started at$
^1 +waiting +holder +filch_sleep +.*waiting\.c:[0-9]+$
^2 +waiting +wants_mutex +filch_mutex_lock for 0x[0-9a-f]+ +.*waiting\.c:[0-9]+$
^3 +ready +made_ready +filch_semaphore_acquire for 0x[0-9a-f]+ +.*waiting\.c:[0-9]+$
^4 +running +makes_ready +\(worker 0\) +.*waiting\.c:[0-9]+$
^2 waiting fibers, [0-9]+ idle ones$
^fiber 2: task wants_mutex, started at .*waiting\.c:[0-9]+, waiting in filch_mutex_lock for 0x
^#0 +0x[0-9a-f]+ in fl_switch \(
^#[0-9]+ +0x[0-9a-f]+ in filch_mutex_lock \(
^#[0-9]+ +0x[0-9a-f]+ in wants_mutex \(self=.* at .*waiting\.c
^#[0-9]+ +0x[0-9a-f]+ in start \(
^fiber 3: task made_ready, started at .*waiting\.c:[0-9]+, ready in filch_semaphore_acquire for 0x
^filch: fiber 4 runs on worker 0; `filch workers` names its thread
^filch: no fiber 99 \(`filch fibers` lists them\)$
^usage: filch bt FIBER
^#0 +all_states
EXPECTED
    claim "the $where has one call stack to its end" test "$(grep -Ec ' in start \(' <<<"${!where}")" = 1
done

expect "gdb without a process" "$(ask 'filch fibers' -- "$program")" <<<'^filch: there is no process; '
expect "a process that does not use Filch" "$(ask 'starti' 'filch fibers' kill -- /bin/true)" <<<'^filch: the program does not use Filch$'
expect "a process before its runtime" "$(ask 'break main' run 'filch workers' kill -- "$program")" <<<'^filch: the process has no runtime: '
strip --strip-debug -o stripped "$program"
expect "a library without debug information" "$(ask 'break main' run 'filch workers' kill -- ./stripped)" \
    <<<'^filch: the library has no debug information; '
exit $((failures > 0))
