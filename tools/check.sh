#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# Usage: ./tools/check.sh [REVISION]
#
# Checks what changed since this branch left REVISION (default: main), committed or not: the layout of changed files, the
# lints, the unit tests of changed folders, and the tests of changed tools, pages and examples. Long tests are left out.
# A change in one folder takes half a minute on two cores once build/release is built. ./tools/test.sh runs all tests. Logs are in build/log.
set -u
cd "$(dirname "$0")/.." || exit 2
. tools/packages.sh
. tools/ccache.sh
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

# scripts_of FILE: the names, as patterns, of the tests of a tool, a page or an example.
scripts_of() {
    local name=${1##*/} folder=${1%/*}
    name=${name%.*}
    case $1 in
    tools/test.sh | tools/ccache.sh) echo tool_parts ;;
    tools/check/*) ;; # the lints
    tools/*/* | bench/*/*) name=${1#*/} && echo "((tool|docs)_)?${name%%/*}(_.*)?" ;;
    tests/deploy/* | tests/openmp/* | tests/explore/*) name=${1#tests/} && echo "${name%%/*}_.*" ;;
    tests/tool/*_program.c) echo "tool_${name%_program}" ;;
    tools/* | tests/tool/*) echo "tool_$name(_.*)?" ;;
    docs/guide/README.md) echo docs_guide ;;
    docs/guide/*) echo 'guide_.*' ;;
    README.md) echo docs_README ;;
    docs/README.md) echo docs_map ;;
    docs/*/README.md) echo "docs_${folder##*/}" ;;
    docs/*.md) echo "docs_$name" ;;
    docs/examples/*) echo "(example|example_worker|guide|cxx)_$name" ;;
    esac
}

# names_of LABEL: prints the tests of build/release with that label, without long ones.
names_of() {
    ctest --test-dir $build -N -L "$1" -LE long | sed -n 's/.*Test *#[0-9]*: //p' | sort
}

# tests_of_changes: the names of the unit tests of changed files, as far as the build has them.
tests_of_changes() {
    local file
    for file in "${changed[@]}"; do
        # shellcheck disable=SC2046 # patterns
        printf '%s\n' $(patterns_of "$file")
    done | sed 's#.*/##; s/\.c$//' | sort -u | comm -12 - <(names_of unit)
}

# scripts_of_changes: the names of the tests of changed tools, pages and examples.
scripts_of_changes() {
    local file
    for file in "${changed[@]}"; do scripts_of "$file"; done | sort -u >build/log/check-scripts.txt
    names_of 'tool|example' | grep -xE -f build/log/check-scripts.txt
}

# match_names NAME...: prints a pattern of exactly these tests.
match_names() {
    echo "^($(IFS='|' && echo "$*"))\$"
}

# run_tests NAME ARGUMENTS...: ctest with these arguments; prints the verdict.
run_tests() {
    local name=$1 what=$2
    shift 2
    ctest --test-dir $build --output-on-failure --no-tests=error -j $(($(nproc) + 2)) "$@" >"build/log/check-$name.log" 2>&1
    verdict $? "$name" "$what"
}

# check_tests KIND WHAT TARGETS NAMES...: builds the targets and runs these tests, if there are any.
check_tests() {
    local kind=$1 what=$2 targets
    read -ra targets <<<"$3"
    shift 3
    if [ $# = 0 ]; then
        printf '%-7s -       no test of %s\n' "$kind" "$what"
    elif ! alive "build/log/check-$kind.log" cmake --build $build --target "${targets[@]}"; then
        verdict 1 "$kind" "build"
    else
        run_tests "$kind" "$# tests of $what" -R "$(match_names "$@")"
    fi
}

check_layout
configure=("$build") # anew: tests may have come
[ -e $build/build.ninja ] || configure=(--preset release -DFILCH_PEERS=OFF)
alive build/log/check-lints.log cmake "${configure[@]}" || { verdict 1 lints "no build can be configured"; exit 1; }
run_tests lints all -L lint
mapfile -t names < <(tests_of_changes)
check_tests unit "changed folders" "${names[*]}" "${names[@]}"
mapfile -t names < <(scripts_of_changes)
check_tests scripts "changed tools and pages" "tool example" "${names[@]}"
exit $failed
