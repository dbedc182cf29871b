#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# An exercise of the guide: its solution passes the check, with 1, 2 and 8 workers. Its starter does not: the check says
# why in one sentence, which is the one that its chapter shows after ```text EXERCISE (numbers may differ). A check ends by
# itself, at the latest after twenty seconds.
# usage: exercise.sh EXERCISE STARTER SOLUTION, with FILCH_SOURCE in the environment
set -euo pipefail
exercise=$1 starter=$2 solution=$3
said=$(mktemp)
trap 'rm -f "$said"' EXIT
export LC_ALL=C

fail() {
    echo "$exercise: $*"
    cat "$said"
    exit 1
}

for workers in 1 2 8; do
    printed=$(FILCH_WORKERS=$workers "$solution" 2>"$said") || fail "the solution, $workers workers: $printed"
    [ "$printed" = passed ] || fail "the solution passes, and says: $printed"
    [ ! -s "$said" ] || fail "the solution passes, and says on stderr:"
done

status=0
printed=$(FILCH_WORKERS=2 "$starter" 2>"$said") || status=$?
[ $status = 1 ] || fail "the starter ends with $status, not 1: $printed"
shown=$(awk -v exercise="$exercise" '
    /^```/ { inside = !inside; wanted = inside && $1 == "```text" && $2 == exercise; next }
    wanted' "$FILCH_SOURCE"/docs/guide/[0-9]*.md)
numbers='s/-?[0-9]+/0/g'
[ "$(sed -E "$numbers" <<<"$printed")" = "$(sed -E "$numbers" <<<"$shown")" ] ||
    fail "the check says of the starter: $printed; the guide says: $shown"
