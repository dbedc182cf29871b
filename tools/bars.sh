#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
# Builds the programs that show the bars (docs/bars.md), runs them one after another on an otherwise idle machine, and
# prints one table: bar, figure (median), spread, what it has to be, whether it is.
# usage: tools/bars.sh [--build DIR] [--repeat N] [--verbose] [BAR...]      bars: see the list below; default: all
set -u

root=$(cd "$(dirname "$0")/.." && pwd)
build=$root/build/bars
repeat=11
verbose=no
wanted=

while [ $# -gt 0 ]; do
    case $1 in
    --build) build=$2; shift ;;
    --repeat) repeat=$2; shift ;;
    --verbose) verbose=yes ;;
    -*) sed -n '3,5s/^# //p' "$0"; exit 2 ;;
    *) wanted="$wanted $1" ;;
    esac
    shift
done

known='fib peers speedup flat central idle submit create chain loops reduce scan sorts contexts channels futures timers locks'
known="$known pool-jobs pool-start pool-memory pool-limits pool-million statistics swap"
for bar in $wanted; do
    case " $known " in
    *" $bar "*) ;;
    *) echo "tools/bars.sh: no bar \"$bar\"; known: $known" >&2; exit 2 ;;
    esac
done

mkdir -p "$build"
log=$build/bars-build.log
if ! { cmake -S "$root" -B "$build" -DCMAKE_BUILD_TYPE=Release -DFILCH_BUILD_TESTS=OFF -DFILCH_BUILD_TOOLS=OFF &&
       cmake --build "$build" --target bars -j "$(nproc)"; } >"$log" 2>&1; then
    tail -n 30 "$log" >&2
    echo "tools/bars.sh: the build failed; all of it: $log" >&2
    exit 1
fi
cd "$build/bench/bars" || exit 1

# What each bar runs; a program that was not built, for want of a compiler or a peer, is named and counts as missed.
commands_of() {
    case $1 in
    fib) for compiler in gcc g++ clang clang++; do echo "./bar-fib-$compiler --repeat $repeat"; done ;;
    peers)
        peers=
        for peer in tbb libgomp libomp; do
            if [ -x "./peer-$peer" ]; then peers="$peers $peer=./peer-$peer"; fi
        done
        echo "./bar-peers --repeat $repeat$peers" ;;
    reduce | scan) echo "./bar-sums --only $1 --repeat $repeat" ;;
    create) echo "./bar-create --repeat $repeat ./bar-topology-only ./bar-idle-rss" ;;
    *) echo "./bar-$1 --repeat $repeat" ;;
    esac
}

results=$build/bars.txt
: >"$results"
printf '%-58s %9s  %20s %-9s %s\n' bar figure 'least .. most' 'has to be' ''
for bar in ${wanted:-$known}; do
    commands_of "$bar" | while read -r command; do
        if [ ! -x "${command%% *}" ]; then
            printf '%-58s %9s  %20s %-9s %s\n' "${command%% *} was not built" - - - MISSED
            continue
        fi
        $command 2>&1 || [ $? -eq 1 ] || echo "$command: failed: MISSED"
    done | tee -a "$results" | if [ "$verbose" = yes ]; then cat; else grep -v '^ '; fi
done

reached=$(grep -c ' reached$' "$results")
missed=$(grep -c 'MISSED$' "$results")
echo "$reached reached, $missed missed ($(uname -m), $(nproc) CPUs, $(date -u +%Y-%m-%d)); everything: $results"
[ "$missed" -eq 0 ]
