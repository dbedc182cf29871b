#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# Usage: ./tools/check.sh [REVISION]
#
# Checks what changed since this branch left REVISION (default: main), committed or not: the layout of changed files, the
# lints, and the unit tests of changed folders. It takes two minutes at most on two cores once build/release is built.
# ./tools/test.sh runs all tests. Logs are in build/log.
set -u
cd "$(dirname "$0")/.." || exit 2
. tools/packages.sh
case ${1-} in
-h | --help) sed -n '3,/^set -u/{/^# \?/s///p}' tools/check.sh; exit 0 ;;
-*) echo "unknown option $1 (valid: --help)" >&2; exit 2 ;;
esac
[ $# -le 1 ] || { echo "more than one revision: $*" >&2; exit 2; }
base=$(git merge-base "${1-main}" HEAD 2>/dev/null) ||
    { echo "unknown revision '${1-main}' (give one that git knows: tools/check.sh HEAD~1)" >&2; exit 2; }
mapfile -t changed < <({ git diff --name-only --diff-filter=d "$base" && git ls-files --others --exclude-standard; } | sort -u)
build=build/release
mkdir -p build/log
failed=0

# verdict STATUS NAME WHAT: a line; of a failure, the log's end as well.
verdict() {
    if [ "$1" = 0 ]; then
        printf '%-7s ok      %s\n' "$2" "$3"
    else
        printf '%-7s failed  %s (log: build/log/check-%s.log)\n' "$2" "$3" "$2"
        tail -n 40 "build/log/check-$2.log"
        failed=1
    fi
}

check_layout() {
    local program files
    mapfile -t files < <(printf '%s\n' "${changed[@]}" | grep -E '^(include|runtime|sched|tests|bench|tools|docs)/.*\.(c|h|cc|hpp)$')
    [ ${#files[@]} -gt 0 ] || { echo "layout  -       no C file changed"; return; }
    program=$(clang_14 format) || { echo "layout  -       not checked: clang-format 14 not found"; return; }
    "$program" --dry-run -Werror "${files[@]}" >build/log/check-layout.log 2>&1
    verdict $? layout "${#files[@]} files (fix with: $program -i FILE)"
}

# patterns_of FILE: the unit tests of its folder; of a public header, those with its name; of a test, itself.
patterns_of() {
    local folder=${1#runtime/} name=${1##*/}
    [[ $folder != tools/@(sim|trace)/* ]] || folder=${folder#tools/}
    case $1 in
    tests/*/test_*.c) echo "$1" ;;
    include/*) echo "tests/unit/*/test_${name%.*}.c tests/unit/*/test_${name%.*}_*.c" ;;
    runtime/service/brokers/*) echo "tests/${folder%/*}/test_*.c" ;;
    *.[ch]) echo "tests/unit/${folder%%/*}/test_*.c" ;;
    esac
}

# tests_of_changes: the names of these tests, as far as the build has them.
tests_of_changes() {
    local file
    for file in "${changed[@]}"; do
        # shellcheck disable=SC2046 # patterns
        printf '%s\n' $(patterns_of "$file")
    done | sed 's#.*/##; s/\.c$//' | sort -u | comm -12 - <(ctest --test-dir $build -N -L unit -LE long | sed -n 's/.*: //p' | sort)
}

# run_tests NAME ARGUMENTS...: ctest with these arguments; prints the verdict.
run_tests() {
    local name=$1 what=$2
    shift 2
    ctest --test-dir $build --output-on-failure --no-tests=error -j $(($(nproc) + 2)) "$@" >"build/log/check-$name.log" 2>&1
    verdict $? "$name" "$what"
}

check_layout
configure=("$build") # anew: tests may have come
[ -e $build/build.ninja ] || configure=(--preset release -DFILCH_PEERS=OFF)
alive build/log/check-lints.log cmake "${configure[@]}" || { verdict 1 lints "no build can be configured"; exit 1; }
run_tests lints all -L lint
mapfile -t names < <(tests_of_changes)
if [ ${#names[@]} = 0 ]; then
    echo "unit    -       no unit test of a changed folder"
elif ! alive build/log/check-unit.log cmake --build $build --target "${names[@]}"; then
    verdict 1 unit "build"
else
    run_tests unit "${#names[@]} tests of changed folders" -R "^($(IFS='|' && echo "${names[*]}"))\$"
fi
exit $failed
