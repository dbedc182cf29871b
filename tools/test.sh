#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# The whole suite: installs what is missing, builds each preset, runs its tests. `./tools/test.sh quick` is for daily work
# and ends within two minutes. The closing line sums over all steps; logs are in build/log. FILCH_SEED repeats a random
# test's run.
set -u
cd "$(dirname "$0")/.." || exit 1
. tools/packages.sh
mode=${1:-full}
case $mode in full | quick) ;; *) echo "usage: ./tools/test.sh [quick]" >&2; exit 2 ;; esac

# name | in which modes | function, its arguments
steps='
format              | full quick | check_format
lint                | full quick | check_atomics
release, gcc        | full       | part release all
models              | full       | part model models -L model
release, gcc        | quick      | part release unit,stress -L unit|stress
release, clang      | full       | part release-clang stress,filch_command -L stress
tiny slots          | full       | part tiny unit -L unit
chaos               | full       | part chaos stress -L stress
valgrind            | full       | part valgrind unit,stress -L unit|stress
asan+ubsan, gcc     | full       | part asan unit,stress,fault -L unit|stress|fault
tsan, gcc           | full       | part tsan unit -L unit
tsan, clang         | full       | part tsan-clang stress -L stress
aarch64             | full       | cross aarch64 stress,test_fiber,test_suspend,test_panics -L stress|processor
riscv64             | full       | cross riscv64 test_fiber,test_suspend,test_trees,test_programs,test_panics -L processor
fuzz                | full       | part fuzz fuzz -L fuzz
'

check_format() {
    if find include runtime sched tests bench tools docs \( -name '*.[ch]' -o -name '*.cc' \) -print0 |
        xargs -0 clang-format-14 --dry-run -Werror --ferror-limit=1; then
        count 1 0 0
    else
        echo "to be mended by: clang-format-14 -i FILE"
        count 1 1 0
    fi
}

check_atomics() {
    local failed=0
    python3 tools/check_atomics.py || failed=1
    python3 tests/lint/run.py || failed=$((failed + 1))
    count 2 $failed 0
}

# cross PROCESSOR TARGETS CTEST-ARGUMENTS...: a part under qemu-user, which is slow, and cannot do what the fault tests ask for.
cross() {
    tests/cross/sysroot.sh "$1" || { count 1 1 0; return; }
    part "$@"
}

# part PRESET TARGETS CTEST-ARGUMENTS...: builds TARGETS, which commas separate, and runs tests. One that could not be
# started has failed.
part() {
    local build=build/$1 targets
    IFS=, read -ra targets <<<"$2"
    { cmake --preset "$1" && cmake --build "$build" --target "${targets[@]}"; } || { count 1 1 0; return; }
    shift 2
    rm -f "$build/junit.xml" "$build/again.xml"
    ctest --test-dir "$build" --output-on-failure --output-junit junit.xml -j $(($(nproc) + 1)) "$@" # one may sleep
    local all skipped passed failed
    all=$(grep -c '<testcase ' "$build/junit.xml")
    passed=$(grep -c '<testcase .* status="run"' "$build/junit.xml")
    skipped=$(grep -c 'SKIP_RETURN_CODE' "$build/junit.xml")
    failed=$((all - passed - skipped))
    if stood_still "$build/junit.xml"; then
        echo "The machine stood still: a test was ended long after its time. What failed is run again."
        ctest --test-dir "$build" --output-on-failure --output-junit again.xml --rerun-failed
        failed=$(grep -c '<testcase .* status="fail"' "$build/again.xml")
    fi
    count "$all" "$failed" "$skipped"
}

# stood_still JUNIT: CTest ends a test after two minutes (docs_lab has more). Where that took half a minute more, CTest did not
# run either: a suspended virtual machine, or a kernel that gives some threads no CPU for minutes. It says nothing about tests.
stood_still() {
    grep -v 'name="docs_lab"' "$1" |
        grep -qE '<testcase .* time="(1[5-9][0-9]|[2-9][0-9]{2}|[0-9]{4,})\.[0-9]*" status="fail"'
}

# count ALL FAILED SKIPPED: what a step found; a step that cannot say has failed.
count() {
    echo "$(($1 - $2 - $3)) $2 $3" >"$tally"
}

passed=0 failed=0 skipped=0
mkdir -p build/log
tally=$(mktemp)
trap 'rm -f "$tally"' EXIT

packages=0
needed=("$packages_to_run" "$packages_of_peers" "$packages_to_test")
[ "$mode" = quick ] || needed+=("$packages_to_test_all")
need "${needed[@]}" || packages=1
[ $packages = 0 ] || { echo "0 passed, 1 failed, 0 skipped"; exit 1; }
fetch "$programs_to_test" || skipped=1

while IFS='|' read -r name modes run; do
    [[ " $modes " == *" $mode "* ]] || continue
    name=${name%"${name##*[! ]}"}
    log=build/log/$(tr -cs 'a-z\n' - <<<"$name").log
    began=$SECONDS
    rm -f "$tally"
    # shellcheck disable=SC2086
    $run >"$log" 2>&1 </dev/null
    read -r p f s <"$tally" || { p=0 f=1 s=0; }
    printf '%-20s %3d passed %3d failed %3d skipped %4d s\n' "$name" "$p" "$f" "$s" $((SECONDS - began))
    grep '^The machine stood still' "$log"
    [ "$f" = 0 ] || { grep -vE '^\[[0-9]+/[0-9]+\] |^-- |  Passed  |  Start ' "$log" | tail -n 200; echo "(log: $log)"; }
    passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
done < <(grep . <<<"$steps")

echo "$passed passed, $failed failed, $skipped skipped"
[ $failed = 0 ] && [ $passed -gt 0 ]
