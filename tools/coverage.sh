#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# Line coverage by the tests: sched/ by the models alone, the whole library by all tests, file by file with the lines
# that no test reached, against the bars in tools/coverage.py. `./tools/coverage.sh all` or `model` does one of the two.
# Status 0: each bar is reached. FILCH_COVERAGE_BUILD names another build folder than build/coverage.
set -u
cd "$(dirname "$0")/.." || exit 2
build=${FILCH_COVERAGE_BUILD:-build/coverage}
asked=${*:-model all}

# what | labels of ctest
sets='
model | model
all   | unit|stress|fault|fuzz|model
'

forget_counters() {
    find "$build" -name '*.gcda' -delete
}

# measure WHAT LABELS: runs the tests anew, and judges. What they found stays in the log; failures are told.
measure() {
    local what=$1 labels=$2 failed=0
    if ! ctest --test-dir "$build" -N -L "^($labels)\$" | grep -q 'Test *#'; then
        echo "coverage: no $what tests in this build"
        return 1
    fi
    forget_counters
    FILCH_STRESS=${FILCH_STRESS:-0.2} ctest --test-dir "$build" -L "^($labels)\$" -j "$(nproc)" --output-on-failure \
        >"$build/$what.log" 2>&1 || failed=1
    [ $failed = 0 ] || { grep -A 20 'tests passed' "$build/$what.log"; echo "coverage: tests failed ($build/$what.log)"; }
    python3 tools/coverage.py . "$build" "$what" --uncovered || failed=1
    return $failed
}

for what in $asked; do
    grep -q "^$what " <<<"$sets" || { echo "usage: ./tools/coverage.sh [model] [all]" >&2; exit 2; }
done
mkdir -p "$build" || exit 2
{ cmake --preset coverage -B "$build" && cmake --build "$build" -j "$(nproc)"; } >"$build/build.log" 2>&1 ||
    { tail -n 30 "$build/build.log"; echo "coverage: the build failed ($build/build.log)"; exit 1; }
status=0
while IFS='|' read -r what labels; do
    what=${what// /}
    [[ " $asked " == *" $what "* ]] || continue
    measure "$what" "${labels// /}" || status=1
done < <(grep . <<<"$sets")
exit $status
