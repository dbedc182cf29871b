#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# Builds the programs that show the bars (docs/lab/bars.md), runs them one after another on an otherwise idle machine, and
# prints one table: bar, figure (median), spread, what it has to be, whether it is.
# usage: tools/bars.sh [--peers] [--build DIR] [--repeat N] [--short] [--verbose] [BAR...]
#   default: all bars but worker-chaos and worker-images
#   --peers installs the libraries and languages that "vs" compares with; else "vs" uses the installed ones
#   --short: worker-many, worker-chaos and worker-images with fewer jobs
#   vs-NAME: the rows of "vs" whose name contains NAME (bench/bars/vs.c)
set -u

root=$(cd "$(dirname "$0")/.." && pwd)
build=$root/build/bars
repeat=11
many=10000 images=1000000 chaos=
verbose=no
peers_wanted=no
wanted=

while [ $# -gt 0 ]; do
    case $1 in
    --build) build=$2; shift ;;
    --repeat) repeat=$2; shift ;;
    --verbose) verbose=yes ;;
    --short) many=1000 images=20000 chaos=' --jobs 5000 --kills 2 --apart 3' ;;
    --peers) peers_wanted=yes ;;
    -*) sed -n '3,9s/^# //p' "$0"; exit 2 ;;
    *) wanted="$wanted $1" ;;
    esac
    shift
done

known='fib cxx peers speedup flat central idle submit wake create chain first-waits regions contract loops reduce scan sorts contexts channels streams futures timers locks'
known="$known pool-jobs pool-start pool-memory pool-limits pool-million statistics swap trace-steals trace-tasks trace-span trace-html virtual-switches"
for bar in "$root"/tests/service/brokers/*/bar_*.c; do
    bar=${bar%/*}
    known="$known worker-${bar##*/}"
done
known="$known worker-latency worker-start worker-memory worker-return worker-many"
known="$known openmp python vs"
on_request='worker-chaos worker-images' # seven minutes for each broker; some four
for bar in $wanted; do
    case $bar in vs-?*) continue ;; esac
    case " $known $on_request " in
    *" $bar "*) ;;
    *) echo "tools/bars.sh: unknown bar $bar (valid: $known vs-NAME $on_request)" >&2; exit 2 ;;
    esac
done

if [ "$peers_wanted" = yes ]; then
    cd "$root" || exit 1
    # shellcheck source=tools/packages.sh
    . tools/packages.sh
    need "$packages_of_peers" "$packages_of_vs" "$packages_of_services" || exit 1
fi
mkdir -p "$build" && build=$(cd "$build" && pwd) || exit 1
log=$build/bars-build.log
if ! { cmake -S "$root" -B "$build" -DCMAKE_BUILD_TYPE=Release -DFILCH_BUILD_TESTS=OFF &&
       cmake --build "$build" --target bars -j "$(nproc)"; } >"$log" 2>&1; then
    tail -n 30 "$log" >&2
    echo "tools/bars.sh: the build failed; all of it: $log" >&2
    exit 1
fi
cd "$build/bench/bars" || exit 1

# Prints NAME=PROGRAM for each of NAME, or NAME=FILE, that was built.
built() {
    for name; do
        if [ -x "../peers/peer-${name#*=}" ]; then printf ' %s' "${name%=*}=../peers/peer-${name#*=}"; fi
    done
}

# Prints the commands of a bar. A program that was not built (no compiler, no peer) is named and counts as missed.
commands_of() {
    case $1 in
    fib) for compiler in gcc g++ clang clang++; do echo "./bar-fib-$compiler --repeat $repeat"; done ;;
    cxx) for compiler in g++ clang++; do echo "./bar-cxx-$compiler --repeat $repeat"; done ;;
    peers) echo "./bar-peers --repeat $repeat$(built tbb libgomp libomp)" ;;
    trace-html) echo "$root/bench/bars/trace_page.py ../../tools/filch --repeat $repeat" ;;
    openmp) echo "$root/bench/bars/openmp.py --library ../../lib/filch --repeat $repeat" ;;
    python) echo "$root/bench/bars/python.py $build --repeat $repeat" ;;
    worker-latency | worker-start | worker-memory | worker-return) echo "./bars-service $1 --repeat $repeat" ;;
    worker-many) echo "./bar-worker-chaos --jobs $many --kills 0 --publishers 100" ;;
    worker-chaos) echo "./bar-worker-chaos$chaos" ;;
    worker-images) echo "./bar-worker-images --jobs $images" ;;
    worker-*) echo "./bars-service worker-rate --repeat $repeat --only ${1#worker-}" ;;
    vs | vs-*)
        only=${1#vs}
        echo "./bar-vs --repeat $repeat ${only:+--only ${only#-}}$(built filch hand go asio tbb openmp=libgomp)" ;;
    contexts | channels | streams | futures | locks | timers) echo "./bars-sync $1 --repeat $repeat" ;;
    speedup | central | swap | trace-steals | trace-tasks | trace-span) echo "./bars-kernels $1 --repeat $repeat" ;;
    pool-*) echo "./bars-pool $1 --repeat $repeat" ;;
    loops | sorts | reduce | scan) echo "./bars-par $1 --repeat $repeat" ;;
    statistics) echo "./bar-statistics --repeat $repeat" ;;
    *) echo "./bars-engine $1 --repeat $repeat" ;;
    esac
}

# Peers that were not built, once, before the first row that has them.
for bar in ${wanted:-$known}; do
    case $bar in
    vs | vs-*)
        sed -n 's/^-- \(peer-.* is not built: .*\)/\1 (tools\/bars.sh --peers installs it)/p' "$log" >&2
        break ;;
    esac
done

results=$build/bars.txt
: >"$results"
printf '%-58s %9s  %20s %-9s %s\n' bar figure 'least .. most' 'has to be' ''
for bar in ${wanted:-$known}; do
    commands_of "$bar" | while read -r command; do
        if [ ! -x "${command%% *}" ]; then
            printf '%-58s %9s  %20s %-9s %s\n' "${command%% *} was not built" - - - MISSED
            continue
        fi
        $command 2>&1 </dev/null || [ $? -eq 1 ] || echo "$command: failed: MISSED"
    done | tee -a "$results" | if [ "$verbose" = yes ]; then cat; else grep -v '^ '; fi
done

reached=$(grep -c ' reached$' "$results")
missed=$(grep -c 'MISSED$' "$results")
echo "$reached reached, $missed missed ($(uname -m), $(nproc) CPUs, $(date -u +%Y-%m-%d)); everything: $results"
[ "$missed" -eq 0 ]
