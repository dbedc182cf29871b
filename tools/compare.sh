#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# Whether filch compare can be believed on this machine: measures the same build again and again, and again with runs that
# are made 5 % longer. Equal runs must be silent, slower ones found, each in 19 of 20. Three runs of five seconds a round;
# for a quiet machine. On a busy one, processor time beside serial code's still tells: --by cpu_seconds --relative
# usage: tools/compare.sh [ROUNDS] [OPTION of filch compare ...]; 20 rounds without. Exit status: 0, 1: not so, 2: usage
set -eu
cd "$(dirname "$0")/.."
filch=${FILCH_COMMAND:-build/run/tools/filch}
rounds=20
case ${1:-} in
[0-9]*) rounds=$1 && shift ;;
esac
[ "$rounds" -gt 0 ] 2>/dev/null || { echo "compare.sh: $rounds is no number of rounds" >&2; exit 2; }
[ -x "$filch" ] || { echo "compare.sh: there is no $filch; build it first: ./tools/run.sh --help" >&2; exit 2; }
results=$(mktemp -d)
trap 'rm -rf "$results"' EXIT

# measure FILE [OPTION]: a few seconds of three kernels.
measure() {
    local file=$1
    shift
    "$filch" bench --kernels fib,nqueens,matmul --columns chase-lev --workers 1 --size quick --repeat 21 --json \
        --output "$results/$file" "$@"
}

# slower OLD NEW OPTION...: whether a row of the library got slower. A comparison that cannot be made ends all.
slower() {
    local status=0 old=$results/$1 new=$results/$2
    shift 2
    "$filch" compare "$@" --format csv "$old" "$new" >"$results/report" || status=$?
    [ $status -lt 2 ] || exit 2
    grep '"chase-lev"' "$results/report" | grep -q ',slower,'
}

silent=0 found=0
for ((round = 1; round <= rounds; round++)); do
    measure old
    measure same
    measure slow --slow-down 5
    slower old same "$@" || silent=$((silent + 1))
    ! slower old slow "$@" || found=$((found + 1))
    echo "round $round: equal runs silent $silent of $round, 5 % found $found of $round"
done
[ $((20 * silent)) -ge $((19 * rounds)) ] && [ $((20 * found)) -ge $((19 * rounds)) ]
