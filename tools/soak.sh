#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# Random tests for a given time, in turn, with a fresh seed each time. Kinds: random runs of the models, the stress suite
# (also with tiny slots and random pauses), the fault sweeps, and the fuzz targets. The latter continue from their
# earlier findings, in build/fuzz/tests/fuzz/found.
#   ./tools/soak.sh [MINUTES]      default 10; a turn that was begun is ended
#   ./tools/soak.sh --rounds N     N turns of each kind
#   --quick                        short turns; to see that all work
#   --dry                          print the commands of a turn, run none
# Stops at the first failure and prints the command that repeats it. Ctrl-C ends it with the summary so far. Status 0: no
# failure; 1: a failure; 2: wrong usage, or nothing to run. FILCH_SOAK_BUILD names another folder than build.
set -u
cd "$(dirname "$0")/.." || exit 2
build=${FILCH_SOAK_BUILD:-build}

# kind | build folder | its executables, or the label of its tests | what each is called with, or its environment | the same in a
# quick turn. @ is a fresh seed.
kinds='
model  | model   | tests/model/model_* | --random 2000000 --seed @ | --random 20000 --seed @
stress | release | label stress | FILCH_STRESS=5 FILCH_SEED=@ | FILCH_STRESS=0.05 FILCH_SEED=@
chaos  | chaos-tiny | label stress | FILCH_STRESS=1 FILCH_SEED=@ | FILCH_STRESS=0.05 FILCH_SEED=@
fault  | debug   | label fault | FILCH_SEED=@ | FILCH_SEED=@
fuzz   | fuzz    | tests/fuzz/fuzz_* | -seed=@ -max_total_time=60 -len_control=0 -max_len=400 | -seed=@ -runs=100
'

minutes=10 rounds=0 quick='' dry=''
help() {
    sed -n '3,/^set -u/{/^# \?/s///p}' "$0"
}
whole() {
    [[ ${1:-} =~ ^[1-9][0-9]{0,5}$ ]] || { echo "not a number from 1 on: ${1:-}" >&2; help >&2; exit 2; }
}
while [ $# -gt 0 ]; do
    case $1 in
    --rounds) whole "${2:-}"; rounds=$2; shift ;;
    --quick) quick=1 ;;
    --dry) dry=1 ;;
    -h | --help) help; exit 0 ;;
    *) whole "$1"; minutes=$1 ;;
    esac
    shift
done

declare -A done_rounds spent failures
order=()
current=''

# The last word: a line per kind.
summary() {
    local kind
    for kind in "${order[@]}"; do
        printf '%-8s %6d rounds %8d s %3d failures\n' "$kind" "${done_rounds[$kind]}" "${spent[$kind]}" "${failures[$kind]}"
    done
}

interrupted() {
    trap - INT TERM
    [ -z "$current" ] || kill -- "-$current" 2>/dev/null
    echo "interrupted"
    summary
    exit 130
}
trap interrupted INT TERM

# executables FOLDER PATTERN: prints the executables in FOLDER that match PATTERN; for `label LABEL`, the command of each built test in
# tests/LABEL (tests/programs.cmake).
executables() {
    local one test program label
    if [[ $2 = label\ * ]]; then
        while read -r test program label; do
            [ "$label" != "${2#label }" ] || [ ! -e "tests/$label/$test.c" ] || [ ! -x "$1/tests/$program" ] || echo "$1/tests/$program --file $test"
        done < <(cat "$1/tests/programs.txt" 2>/dev/null)
        return
    fi
    for one in "$1"/$2; do
        [ ! -f "$one" ] || [ ! -x "$one" ] || echo "$one"
    done
}

# command KIND EXECUTABLE ARGUMENTS: the shell command of one turn, with a fresh seed.
command_of() {
    local kind=$1 one=$2 arguments=${3//@/$((RANDOM << 15 | RANDOM))} found
    case $kind in
    fuzz)
        found=$(dirname "$one")/found/$(basename "$one")
        echo "$one $arguments -timeout=300 -rss_limit_mb=0 -artifact_prefix=$found- $found $(corpus_of "$one")"
        ;;
    model) echo "$one $arguments" ;;
    *) echo "env $arguments $one -j1" ;;
    esac
}

corpus_of() {
    local name
    name=$(basename "$1") name=${name#fuzz_}
    echo "$(dirname "$1")/corpus/${name%_debug}"
}

# turn KIND COMMAND: in a process group of its own, so that Ctrl-C ends all of it.
turn() {
    local kind=$1 command=$2 began=$SECONDS status
    echo "$kind: $command"
    [ -z "$dry" ] || return 0
    set -m
    ASAN_OPTIONS=detect_stack_use_after_return=0 UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1 \
        bash -c "$command" >"$log" 2>&1 </dev/null &
    current=$!
    set +m
    wait "$current"
    status=$?
    current=''
    done_rounds[$kind]=$((done_rounds[$kind] + 1))
    spent[$kind]=$((spent[$kind] + SECONDS - began))
    [ $status = 0 ] && return 0
    failures[$kind]=1
    tail -n 60 "$log"
    echo "$kind: failed with status $status; to repeat it: (cd $PWD && $command)"
    return 1
}

# A turn of each kind that was built; a missing kind is named once. 1: a failure.
round() {
    local kind folder pattern long short one any
    while IFS='|' read -r kind folder pattern long short; do
        kind=${kind// /} folder=$build/${folder// /} any=''
        read -r pattern <<<"$pattern"
        [ -z "$quick" ] || long=$short
        read -r long <<<"$long"
        while read -r one; do
            any=1 all=1
            turn "$kind" "$(command_of "$kind" "$one" "$long")" || return 1
            over && return 0
        done < <(executables "$folder" "$pattern")
        [ -n "$any" ] || [ "$turns" != 0 ] || echo "$kind: nothing built in $folder ($pattern); left out"
    done < <(grep . <<<"$kinds")
    return 0
}

over() {
    [ "$rounds" = 0 ] && [ $((SECONDS)) -ge $((minutes * 60)) ]
}

while IFS='|' read -r kind _; do
    order+=("${kind// /}")
    done_rounds[${kind// /}]=0 spent[${kind// /}]=0 failures[${kind// /}]=0
done < <(grep . <<<"$kinds")
mkdir -p "$build/log" || exit 2
log=$build/log/soak.log
all='' status=0 turns=0
until over; do
    round || { status=1; break; }
    [ -n "$all" ] || { echo "soak: nothing to run; build it first: cmake --preset model && cmake --build --preset model, the same with release, debug or fuzz, or all by ./tools/test.sh" >&2; exit 2; }
    turns=$((turns + 1))
    [ -n "$dry" ] && break
    [ "$turns" = "$rounds" ] && break
done
summary
exit $status
