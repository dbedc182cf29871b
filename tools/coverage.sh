#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# Line coverage by the tests: sched/ by the models alone, the whole library by models, unit tests, refusals and corpora.
# Tells the lines of each file that none of these reached, and judges by the bars in tools/coverage.py.
# `./tools/coverage.sh all` or `model` does one of the two.
# Status 0: each bar is reached. FILCH_COVERAGE_BUILD names another build folder than build/coverage.
set -u
cd "$(dirname "$0")/.." || exit 2
. tools/ccache.sh
build=${FILCH_COVERAGE_BUILD:-build/coverage}
asked=${*:-model all}

# Models are explored at random here, by a fixed seed: a sample of what the label `model` explores, so a lower bound; all
# of it takes minutes without counters already.
executions=3000

# what | labels of ctest. The models run once for both.
sets='
model |
all   | unit|fault|fuzz
'

# The models' programs that there are.
models() {
    find "$build/tests/model" -maxdepth 1 -name 'model_*' -type f -perm -u+x 2>/dev/null | sort
}

run_models() {
    # shellcheck disable=SC2016 # the inner shell's
    models | xargs -P "$(nproc)" -I MODEL bash -c '"$@" || { echo "FAILED: $*"; exit 1; }' bash MODEL --random $executions --seed 1
}

# Without stress, long tests and long simulations: they take most of the time, and reach few lines that others do not.
run_labels() {
    [ -z "$1" ] ||
        ctest --test-dir "$build" -L "^($1)\$" -LE "^(simulation|long)\$" -j $(($(nproc) + 2)) --output-on-failure
}

# measure WHAT LABELS: runs the models, unless they have just run, and the labels' tests, and judges. Their output is in
# the log; failures are printed last.
measured=
measure() {
    local what=$1 labels=$2 log=$build/$1.log failed=0 missed=0
    [ "$what" != model ] || [ -n "$(models)" ] || { echo "coverage: no model tests in this build"; return 1; }
    {
        [ -n "$measured" ] || { find "$build" -name '*.gcda' -delete && run_models; } || failed=1
        measured=yes
        run_labels "$labels" || failed=1
    } >"$log" 2>&1
    python3 tools/coverage.py . "$build" "$what" --uncovered || missed=1
    [ $failed = 0 ] || { grep -A 20 -E 'tests passed|BROKEN|^FAILED|\[FAIL\]' "$log"; echo "coverage: tests failed ($log)"; }
    return $((failed | missed))
}

for what in $asked; do
    case $what in -h | --help) sed -n '3,/^set -u/{/^# \?/s///p}' "$0"; exit 0 ;; esac
    grep -q "^$what " <<<"$sets" || { echo "usage: ./tools/coverage.sh [model] [all]" >&2; exit 2; }
done
mkdir -p "$build" || exit 2
{ cmake --preset coverage -B "$build" && cmake --build "$build" --target models unit fault fuzz -j "$(nproc)"; } >"$build/build.log" 2>&1 ||
    { tail -n 30 "$build/build.log"; echo "coverage: the build failed ($build/build.log)"; exit 1; }
status=0
while IFS='|' read -r what labels; do
    what=${what// /}
    [[ " $asked " == *" $what "* ]] || continue
    measure "$what" "${labels// /}" || status=1
done < <(grep . <<<"$sets")
exit $status
