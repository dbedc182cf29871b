#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# Runs a program of the guide with 1, 2 and 8 workers: it prints what the guide says, and leaves no file behind.
#   ```text NAME            is all that it prints; it succeeds, and says nothing on stderr
#   ```text NAME status=N   it ends so, and what it says on stderr is part of the text (a program that dies sets its
#                           stdout to _IOLBF, or nobody sees what it printed)
# With arguments, which make it a trial run, it may end before the text does.
# usage: run.sh PROGRAM [ARGUMENT...], with FILCH_SOURCE in the environment
set -euo pipefail
program=$(realpath "$1")
name=$(basename "$program")
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
mkdir "$scratch/work"
cd "$scratch/work"
export LC_ALL=C TMPDIR=$PWD
ulimit -c 0

fail() {
    echo "$name: $*"
    exit 1
}

chapters=("$FILCH_SOURCE"/docs/guide/[0-9]*.md)
fence=$(grep -hE "^\`\`\`text $name( status=[0-9]+)?\$" "${chapters[@]}") || fail "no chapter says what it prints"
[ "$(wc -l <<<"$fence")" = 1 ] || fail "more than one chapter says what it prints"
awk -v name="$name" '
    /^```/ { inside = !inside; wanted = inside && $1 == "```text" && $2 == name; next }
    wanted' "${chapters[@]}" >../expected

wanted=0 said=../said
if [[ $fence == *status=* ]]; then
    wanted=${fence##*=} said=../printed
    export ASAN_OPTIONS=${ASAN_OPTIONS:-}:detect_leaks=0 # a mistake may leave what it likes
fi
for workers in 1 2 8; do
    status=0
    : >../printed
    : >../said
    FILCH_WORKERS=$workers timeout 60 "$program" "${@:2}" </dev/null >>../printed 2>>"$said" || status=$?
    [ $status = "$wanted" ] || { cat ../printed ../said; fail "status $status, not $wanted, with $workers workers"; }
    [ ! -s ../said ] || { cat ../said; fail "says something on stderr with $workers workers"; }
    [ $# = 1 ] || { [ -s ../printed ] && sed -i "$(wc -l <../printed)q" ../expected; } || fail "prints nothing"
    diff -a ../expected ../printed || fail "does not print what the guide says, with $workers workers"
    [ -z "$(ls -A)" ] || fail "leaves files behind: $(ls -A)"
done
