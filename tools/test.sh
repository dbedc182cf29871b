#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# Usage: ./tools/test.sh [OPTION...] [PART...]
#
# Installs missing packages, builds, and runs tests. Without a PART it runs `default`: the parts that find most faults.
#   all         every part
#   rest        the parts of `all` that `default` leaves out
#   --since REV  leaves out the parts of `rest` that no change since the revision REV can break, except one in ten of them, chosen by
#               the hash of HEAD; an empty or unknown REV leaves out nothing
#   --list      prints the chosen parts, without a PART all, with their usual time, and ends
#   --install    installs what the parts need, and ends
#   --tally F   appends the counts of each part to F instead of printing the closing line
#   --help      shows this text
# While the tests of one part run, the next parts are built with the CPU time that they leave. Parts of one build that is ready run
# together, with one log in build/log, that of the first. The seconds in a part's line are those of its tests, added.
# FILCH_SEED repeats the run of a random test.
set -u
cd "$(dirname "$0")/.." || exit 2
. tools/packages.sh
. tools/ccache.sh

# name | set | seconds on two cores, nothing compiled before | what it does | build: function, arguments | tests: function,
# arguments | what can break it: files below these names.
# A list of labels or patterns is separated by commas. `engine`, `core` and `library` stand for the library, and for how it is built: without
# the service and OpenMP, without OpenMP, and all of it. Each test of a build belongs to one part (tests/tool/parts.sh).
engine=$(echo runtime/{CMakeLists.txt,exports.map,engine,install,metrics,par,patterns,platform,points,pool,queue,resilience,share,sync,trace} \
    include sched CMakeLists.txt CMakePresets.json tests/{CMakeLists.txt,programs.cmake,compile.cmake,line.cmake,criterion_standin} \
    tools/{packages,ccache,test}.sh .ci)
core="$engine runtime/service"
# shellcheck disable=SC2034 # expand reads it by name
library="$core runtime/openmp"
parts='
format     | default |   5 | clang-format                                          | nothing | check_format |
lints      | default |  15 | atomics, layers, names, prose, sizes, mutants         | configure model | tests model -L lint |
models     | default |  45 | the model checker, each model for a sample            | build model models | sample_models |
release    | default |  70 | stress tests as users get the library                 | build release stress | tests release -L stress -LE long |
asan       | default | 150 | address and undefined-behaviour sanitizers: unit tests | build asan unit | tests asan -L unit -LE long |
unit       | rest    | 200 | unit tests as users get the library                   | build release unit | tests release -L unit -LE long | core tests/unit tests/support tests/service tests/cxx tests/pitfall tools bench docs/examples/worker
tools      | rest    | 190 | the programs and their examples                       | build release all | tests release -L tool -LE long,lint | library tools bench docs tests/tool tests/openmp tests/explore tests/bars tests/deploy tests/support tests/processors tests/disassembly
documents  | rest    |  60 | short documents: programs and commands as shown       | build release all | tests release -L example -LE long | library docs README.md tools tests/docs tests/examples tests/guide tests/languages tests/cxx tests/support
fault      | rest    | 150 | refused calls, limits, signals; long tests in C       | build release fault,long | tests release -L fault,long -R ^test_ | core tests/fault tests/support tests/service tests/unit tests/stress
programs   | rest    | 240 | the programs, long: browsers, screens, brokers        | build release all | tests release -L long -R ^tool_,^bars_,^deploy_,^simgrid | library tools bench tests/tool tests/bars tests/deploy tests/support tests/simgrid
consumer   | rest    |  50 | installed, and used by programs of all kinds          | build release all | tests release -L consumer -LE long | library tests/consumer tests/docs docs README.md
packages   | rest    | 250 | Debian packages: built, used, upgraded, purged        | build release all | tests release -L consumer -R ^packages | tools/package tools/package.sh tools/fresh.sh tools/manual tools/manual.cmake tools/CMakeLists.txt runtime/install runtime/CMakeLists.txt runtime/service/CMakeLists.txt include CMakeLists.txt tests/package
manuals    | rest    | 300 | long documents, languages and exercises               | build release all | tests release -L long -R ^docs_,^guide_,^language_,^python_,^cxx_ | library docs README.md tools/python tests/docs tests/guide tests/languages tests/cxx tests/support
openmp     | rest    | 120 | gcc and clang OpenMP programs, programs of Debian     | build release all | tests release -L long -R ^openmp_ | engine runtime/openmp tests/openmp tools/explore
searches   | rest    |  50 | filch explore on all its programs                     | build release all | tests release -L long -R ^explore_ | engine tools/explore tests/explore
processors | rest    | 140 | machine code under the memory models of processors    | build release all | tests release -L long -R ^processors_,^disassembly_ | sched include runtime/queue runtime/engine runtime/platform tests/processors tests/disassembly
tidy       | rest    |  50 | clang-tidy: the library and the tools                 | build release all | check_tidy | library tools .clang-tidy
asan-fault | rest    | 300 | stress, injected faults, long tests with sanitizers   | build asan stress,fault,long | tests asan -L stress,fault,long -LE tool,example | library tests/stress tests/fault tests/support tests/service tests/unit tests/openmp tools bench docs/examples/worker
tiny       | rest    | 300 | few slots, small rings; fork and join checked         | build tiny unit,gdb_waiting | tests tiny -L unit -LE long | core tests/unit tests/support tests/service tests/cxx tests/pitfall tests/gdb tools bench
clang      | rest    | 130 | stress tests, built by clang                          | build release-clang stress,filch_command | tests release-clang -L stress -LE long | core tests/stress tests/support tests/service
chaos      | rest    | 100 | stress tests with random pauses                       | build chaos stress | tests chaos -L stress -LE long | core tests/stress tests/chaos tests/support tests/service
valgrind   | rest    |  60 | memcheck on a part                                    | build valgrind unit,stress | tests valgrind -L unit,stress | core tests/unit tests/stress tests/support tests/valgrind.supp
tsan       | rest    | 400 | thread sanitizer of gcc: unit tests                   | build tsan unit | tests tsan -L unit -LE long | core tests/unit tests/support tests/service tests/tsan.supp
tsan-clang | rest    | 120 | thread sanitizer of clang: stress tests               | build tsan-clang stress | tests tsan-clang -L stress -LE long | core tests/stress tests/support tests/service tests/tsan.supp
aarch64    | rest    | 180 | emulated: stress tests, context switches, a bundle    | cross aarch64 filch_command,stress,processor | tests aarch64 -L stress,processor | core tools tests/unit tests/stress tests/support tests/cross
riscv64    | rest    |  60 | emulated: context switches, trees of tasks            | cross riscv64 processor | tests riscv64 -L processor | engine tests/unit tests/stress tests/support tests/cross
fuzz       | rest    | 150 | fuzzers of the API                                    | build fuzz fuzz | tests fuzz -L fuzz | core tests/fuzz
search     | rest    | 170 | the model checker, whole searches                     | build model models | tests model -L model -E mutants | engine runtime/openmp tests/model tests/parametric
mutants    | rest    | 170 | faults put into protocols, which models have to find  | build model models | tests model -R model_mutants | engine runtime/openmp tests/model
coverage   | rest    | 350 | lines that no test reaches, against two bars          | build coverage models,unit,fault,fuzz | check_coverage | library tests/unit tests/fault tests/fuzz tests/model tests/support tools/coverage.sh tools/coverage.py
'

# ---- The table ----

parts=$(sed '/./!d; s/ *| */|/g' <<<"$parts")

# print_rows: reads rows, and prints a line for each.
print_rows() {
    local name set seconds purpose
    while IFS='|' read -r name set seconds purpose _; do printf '%-11s %-8s %4d s  %s\n' "$name" "$set" "$seconds" "$purpose"; done
}

# chosen NAME...: the rows of these parts and sets, each once, in the table's order.
chosen() {
    local row name set
    while read -r row; do
        IFS='|' read -r name set _ <<<"$row"
        [[ " $* " != *" $name "* && " $* " != *" $set "* && " $* " != *" all "* ]] || echo "$row"
    done <<<"$parts"
}

# expand PLACES: with the folders that the first word stands for.
expand() {
    case $1 in
    engine* | core* | library*) local first=${1%% *} && echo "${!first}${1#"$first"}" ;;
    *) echo "$1" ;;
    esac
}

# select_due REV: reads rows, and prints those of the default suite, and those that the changes since REV can have broken. Of the others
# one commit of ten runs each, by the digits of its hash. An empty or unknown REV: all rows.
select_due() {
    local row places files turn number=0
    files=$(git diff --no-renames --name-only "$1" -- 2>/dev/null && git ls-files --others --exclude-standard) || { cat; return; }
    turn=$((16#$(git rev-parse HEAD | head -c 8) % 10))
    while read -r row; do
        places=$(expand "${row##*|}")
        if [[ $row == *'|default|'* || $((number++ % 10)) = "$turn" ]] || grep -qE "^(${places// /|})(/|\$)" <<<"$files"; then echo "$row"; fi
    done
}

# ---- Builds ----

nothing() { :; }

# configure PRESET [OPTION...]: configures a build folder. A new one takes over the results of CMake's checks of compiler, libraries and
# programs, which the first folder of the same compiler left in build/checks, until packages or the checks change.
configure() {
    local build=build/$1 compiler=gcc checks
    case $1 in
    *clang | fuzz) compiler=clang ;;
    aarch64 | riscv64) compiler=$1 ;;
    esac
    checks=build/checks/$compiler-$(cat /var/lib/dpkg/status CMakeLists.txt 2>/dev/null | cksum | cut -d' ' -f1)
    if [ -e $checks/cache.cmake ] && [ ! -e "$build/CMakeCache.txt" ]; then
        mkdir -p "$build" && cp -r $checks/CMakeFiles "$build"
        set -- "$@" -C $checks/cache.cmake
    fi
    cmake --preset "$@" || return
    [ -e $checks/cache.cmake ] || keep_checks "$build" $checks
}

# keep_checks BUILD CHECKS: copies the results of BUILD's checks into CHECKS, without variables that the project sets itself.
keep_checks() {
    local compilers=("$1"/CMakeFiles/*/CMakeCCompiler.cmake)
    mkdir -p "$2/CMakeFiles"
    cp -r "${compilers[0]%/*}" "$2/CMakeFiles"
    sed -nE '/^(CMAKE_|filch_)/{/^CMAKE_HAVE_/!d}; s/^([A-Za-z0-9_]+):(INTERNAL|FILEPATH)=(.*)/set(\1 [==[\3]==] CACHE \2 "")/p' \
        "$1/CMakeCache.txt" >"$2/cache.new" && mv "$2/cache.new" "$2/cache.cmake"
}

# build PRESET TARGETS [OPTION...]
build() {
    local targets
    IFS=, read -ra targets <<<"$2"
    while [ "$(cat "$state/testing")" = "testing $1" ]; do sleep 1; done # programs of that part may be linked anew
    configure "$1" "${@:3}" && cmake --build "build/$1" --target "${targets[@]}"
}

cross() {
    tests/cross/sysroot.sh "$1" && build "$@"
}

# build_all ROWS: builds part after part; a line for each that is ready: its status, its name, and its tests.
build_all() {
    local name build tests status
    renice -n 10 $BASHPID >/dev/null # the tests of other parts go first
    while IFS='|' read -r name _ _ _ build tests _; do
        echo "building $name" >"$state/building"
        $build >"build/log/$name.build.log" 2>&1 </dev/null
        status=$?
        : >"$state/building"
        echo "$status|$name|$tests"
    done <<<"$1"
}

# ---- Tests of the part `name`; each leaves its tally: passed, failed, skipped, and the seconds of its tests, added ----

# count PASSED FAILED: the tally of a part; one without a tally has failed.
count() {
    echo "$1 $2 0 $SECONDS" >"$state/$name.tally"
}

check_format() {
    local program
    program=$(clang_14 format) || { absent "clang-format 14 not found: layout is not checked"; return; }
    if find include runtime sched tests bench tools docs \( -name '*.[ch]' -o -name '*.cc' -o -name '*.hpp' \) -print0 |
        xargs -0 "$program" --dry-run -Werror --ferror-limit=1; then
        count 1 0
    else
        echo "fix with: $program -i FILE"
        count 0 1
    fi
}

# The library and the tools, by the checks of .clang-tidy.
check_tidy() {
    local program files
    program=$(clang_14 tidy) || { absent "clang-tidy 14 not found: idioms are not checked"; return; }
    mapfile -t files < <(git ls-files 'runtime/*.c' 'sched/*.c' 'tools/*.c' | grep -v switch_ucontext)
    mkdir -p build/tidy # the commands without gcc's precompiled headers, which clang takes for its own
    sed -E 's/ -Winvalid-pch -include [^ ]*cmake_pch[.]h//' build/release/compile_commands.json >build/tidy/compile_commands.json
    if printf '%s\n' "${files[@]}" | xargs -P "$(nproc)" -n 8 "$program" -p build/tidy --quiet; then count 1 0; else count 0 1; fi
}

# absent REASON: this machine cannot have what the part needs; the part is named, and not counted.
absent() {
    echo "$1" >"$state/$name.absent"
}

check_coverage() {
    if tools/coverage.sh; then count 1 0; else count 0 1; fi
}

sample_models() {
    export FILCH_MODEL_SECONDS=0.05
    tests model -L model -E mutants
}

# list_tests BUILD CTEST-ARGUMENT...: prints a line `NUMBER NAME` for each test. The number counts only tests that -E does not exclude.
list_tests() {
    local build=$1
    shift
    ctest --test-dir "$build" -N "${@//,/|}" | sed -nE 's/^ *Test +#([0-9]+): (.*)/\1 \2/p'
}

# tests PRESET CTEST-ARGUMENT...: chooses tests of a build; run_tests runs those of all parts of a group.
tests() {
    preset=$1
    list_tests "build/$1" "${@:2}" | cut -d' ' -f2 >"$state/$name.chosen"
}

# run_tests PRESET PART...: the chosen tests of these parts together, so that none of them waits for the last of another part.
run_tests() {
    local build=build/$1 chosen=() numbers part
    for part in "${@:2}"; do chosen+=("$state/$part.chosen"); done
    numbers=$(list_tests "$build" | awk 'NF == 1 { chosen[$1] } $2 in chosen { print $1 }' "${chosen[@]}" - | paste -sd,)
    rm -f "$build/junit.xml" "$build/again.xml"
    # Many tests wait. 0,0,0: no range of numbers.
    [ -z "$numbers" ] || ctest --test-dir "$build" --output-on-failure --output-junit junit.xml -j $(($(nproc) + 2)) -I "0,0,0,$numbers"
    if stalled "$build"; then
        echo "machine stalled (a test overran its limit by 30 s); rerunning failed tests"
        ctest --test-dir "$build" --output-on-failure --output-junit again.xml --rerun-failed
    fi
    for part in "${@:2}"; do
        cat "$build"/{junit,again}.xml 2>/dev/null | count_tests "$state/$part.chosen" >"$state/$part.tally"
    done
}

# count_tests CHOSEN: reads junit files, and prints the tally of the tests that the file CHOSEN lists; of two results the last counts.
count_tests() {
    awk -F'"' -v chosen="$1" '
        /<testcase / { name = $2; result[name] = $8 == "run" ? "passed" : "failed"; seconds[name] = $6 }
        /SKIP_RETURN_CODE/ { result[name] = "skipped" }
        END { while ((getline <chosen) > 0) { all++; n[result[$0]]++; sum += seconds[$0] }
              print n["passed"] + 0, all ? all - n["passed"] - n["skipped"] : 1, n["skipped"] + 0, int(sum) }'
}

# stalled BUILD: whether a test failed half a minute after its limit, at which CTest ends it. Then CTest did not run either: a suspended
# virtual machine, or a kernel that gives some threads no CPU for minutes. Such a failure says nothing about the test.
stalled() {
    grep -qs 'status="fail"' "$1/junit.xml" && ctest --test-dir "$1" --show-only=json-v1 | python3 -c '
import json, re, sys
limits = {t["name"]: p["value"] for t in json.load(sys.stdin)["tests"] for p in t["properties"] if p["name"] == "TIMEOUT"}
failed = re.findall("""<testcase name="(.*?)" .* time="(.*?)" status="fail""", open(sys.argv[1]).read())
sys.exit(not any(float(time) > limits[name] + 30 for name, time in failed))' "$1/junit.xml"
}

# ---- The run ----

minutes() {
    printf '%d:%02d' $(($1 / 60)) $(($1 % 60))
}

# show_progress: prints the running parts; on a terminal every second in its last line, else a line per minute.
show_progress() {
    local pause=60 now
    [ ! -t 2 ] || pause=1
    while sleep $pause >/dev/null 2>&1; do # which may outlive this loop, and must not hold a pipe open
        now="$(minutes $SECONDS) of about $(minutes "$1"): $(cat "$state/testing" "$state/building" | paste -sd';' | sed 's/;/; /')"
        if [ -t 2 ]; then printf '\r\033[K%s' "$now" >&2; else echo "    $now" >&2; fi
    done
}

# run_group ROW...: the tests of built parts, and a line for each. Several parts are of one build; their tests run together.
run_group() {
    local row log name tests names=() preset='' failed=0
    mapfile -t names < <(printf '%s\n' "$@" | cut -d'|' -f2)
    log=build/log/${names[0]}.log
    echo "testing ${names[*]}" >"$state/testing"
    (
        SECONDS=0
        for row; do
            IFS='|' read -r _ name tests <<<"$row"
            $tests
        done
        [ -z "$preset" ] || run_tests "$preset" "${names[@]}"
    ) >"$log" 2>&1 </dev/null
    : >"$state/testing"
    for name in "${names[@]}"; do report_part "$name" || failed=1; done
    grep '^machine stalled' "$log"
    [ $failed = 0 ] || report_failure "$log"
}

# report_part PART: prints a part's line. Returns whether it passed.
report_part() {
    local p=0 f=1 s=0 seconds=0
    [ ! -t 2 ] || printf '\r\033[K' >&2
    if [ -e "$state/$1.absent" ]; then
        printf '%-11s absent: %s\n' "$1" "$(cat "$state/$1.absent")"
        return 0
    fi
    [ ! -s "$state/$1.tally" ] || read -r p f s seconds <"$state/$1.tally"
    printf '%-11s %4d passed %3d failed %3d skipped %5d s   at %s\n' "$1" "$p" "$f" "$s" "$seconds" "$(minutes $SECONDS)"
    echo "$p $f $s" >>"$tally"
    [ "$f" = 0 ]
}

report_failure() {
    grep -vE '^\[[0-9]+/[0-9]+\] |^-- |  Passed  |  Start ' "$1" | tail -n 500
    echo "(log: $1)"
}

tally='' asked=() install_only='' listed='' since=()
while [ $# -gt 0 ]; do
    case $1 in
    -h | --help) sed -n '3,/^set -u/{/^# \?/s///p}' "$0"; exit 0 ;;
    --list) listed=1 ;;
    --install) install_only=1 ;;
    --tally) tally=${2-}; shift ;;
    --since) since=("${2-}"); shift ;;
    -*) echo "unknown option $1 (valid: --since REV, --list, --install, --tally FILE, --help)" >&2; exit 2 ;;
    all | default | rest) asked+=("$1") ;;
    *)
        [ -n "$(chosen "$1")" ] || { echo "unknown part $1 (valid: $(chosen all | cut -d'|' -f1 | paste -sd' ') all default rest)" >&2; exit 2; }
        asked+=("$1")
        ;;
    esac
    shift
done
[ ${#asked[@]} -gt 0 ] || if [ "$listed" ]; then asked=(all); else asked=(default); fi
rows=$(chosen "${asked[@]}")
[ ${#since[@]} = 0 ] || rows=$(select_due "${since[0]}" <<<"$rows")
[ -z "$listed" ] || { print_rows <<<"$rows"; exit 0; }
[ -n "$rows" ] || { echo "no part is due"; exit 0; }
expected=$(cut -d'|' -f3 <<<"$rows" | paste -sd+)
expected=$((expected))

mkdir -p build/log
state=$(mktemp -d)
background=()
trap 'kill "${background[@]}" 2>/dev/null; rm -rf "$state"' EXIT
closing=$tally
: "${tally:=$state/sum}"
touch "$state/building" "$state/testing"
echo "$(wc -l <<<"$rows") parts, about $(((expected + 59) / 60)) min on 2 cores if nothing is compiled yet: $(cut -d'|' -f1 <<<"$rows" | paste -sd' ')"

needed=("$packages_to_run" "$packages_to_build" "$packages_of_peers" "$packages_to_test")
grep -q '|rest|' <<<"$rows" && needed+=("$packages_to_test_all" "$packages_to_package" "$packages_of_scale" "$packages_of_fresh")
need "${needed[@]}" || { echo "0 1 0" >>"$tally"; [ -n "$closing" ] || echo "0 passed, 1 failed, 0 skipped"; exit 1; }
fetch "$programs_to_test" || echo "0 0 1" >>"$tally"
if grep -q '|rest|' <<<"$rows"; then
    fetch "$programs_to_test_all" || echo "0 0 1" >>"$tally"
    fetch_modules "$npm_to_test_all" || echo "0 0 1" >>"$tally"
fi
[ -z "$install_only" ] || exit 0

show_progress $expected &
background+=($!)
exec {built}< <(build_all "$rows")
background+=($!)
row=''
while [ -n "$row" ] || IFS= read -r -u $built row; do
    group=("$row") row=''
    IFS='|' read -r status name tests <<<"${group[0]}"
    if [ "$status" != 0 ]; then
        report_part "$name" || report_failure "build/log/$name.build.log"
        continue
    fi
    read -r function preset _ <<<"$tests"
    while [ "$function" = tests ] && read -r -t 0 -u $built && IFS= read -r -u $built row && [[ $row = 0\|*"|tests $preset "* ]]; do
        group+=("$row") row=''
    done
    run_group "${group[@]}"
done

awk -v quiet="$closing" '{ p += $1; f += $2; s += $3 }
    END { if (!quiet) printf "%d passed, %d failed, %d skipped\n", p, f, s; exit f > 0 || p == 0 }' "$tally"
