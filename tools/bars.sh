#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# Builds the programs that show the bars (docs/bars.md), runs them one after another on an otherwise idle machine, and
# prints one table: bar, figure (median), spread, what it has to be, whether it is.
# usage: tools/bars.sh [--peers] [--build DIR] [--repeat N] [--short | --long] [--verbose] [BAR...]
#   default: all bars but worker-chaos and cloud
#   --peers installs the libraries and languages that "vs" compares with; else "vs" uses the installed ones
#   --short, --long: worker-chaos and cloud with fewer jobs; cloud with 1,000 windows of rolling updates for each broker
#   vs-NAME: the rows of "vs" whose name contains NAME (bench/bars/vs_rows.h)
set -u

root=$(cd "$(dirname "$0")/.." && pwd)
build=$root/build/bars
repeat=11
size=usual
verbose=no
peers_wanted=no
wanted=

while [ $# -gt 0 ]; do
    case $1 in
    --build) build=$2; shift ;;
    --repeat) repeat=$2; shift ;;
    --verbose) verbose=yes ;;
    --short | --long) size=${1#--} ;;
    --peers) peers_wanted=yes ;;
    -*) sed -n '3,9s/^# //p' "$0"; exit 2 ;;
    *) wanted="$wanted $1" ;;
    esac
    shift
done

known='fib peers speedup flat central idle submit wake create chain first-waits regions contract loops reduce scan sorts contexts channels streams futures timers locks'
known="$known pool-jobs pool-start pool-memory pool-limits pool-million statistics swap trace-steals trace-tasks trace-span trace-html sim-sleepers virtual-switches"
known="$known worker-sqlite worker-redis worker-nats worker-kafka worker-sqs worker-pubsub worker-rabbit worker-postgres worker-servicebus worker-latency worker-start worker-memory"
known="$known worker-return worker-many"
known="$known vs"
on_request='worker-chaos cloud' # seven minutes for each broker; some fifteen
case $size in
short) many=1000 images=20000 windows=0 chaos=' --jobs 5000 --kills 2 --apart 3' ;;
usual) many=10000 images=1000000 windows=0 chaos= ;;
long) many=10000 images=1000000 windows=1000 chaos= ;;
esac
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
    need "$packages_of_peers" "$packages_of_columns" "$packages_of_services" || exit 1
fi
mkdir -p "$build"
log=$build/bars-build.log
if ! { cmake -S "$root" -B "$build" -DCMAKE_BUILD_TYPE=Release -DFILCH_BUILD_TESTS=OFF &&
       cmake --build "$build" --target bars -j "$(nproc)"; } >"$log" 2>&1; then
    tail -n 30 "$log" >&2
    echo "tools/bars.sh: the build failed; all of it: $log" >&2
    exit 1
fi
cd "$build/bench/bars" || exit 1

# Prints the commands of a bar. A program that was not built (no compiler, no peer) is named and counts as missed.
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
    trace-html) echo "$root/bench/bars/trace_page.py ../../tools/filch --repeat $repeat" ;;
    create) echo "./bar-create --repeat $repeat ./bar-topology-only ./bar-idle-rss" ;;
    worker-latency | worker-start | worker-memory | worker-return) echo "./bar-$1 --repeat $repeat" ;;
    worker-many) echo "./bar-worker-chaos --jobs $many --kills 0 --publishers 100" ;;
    worker-chaos) echo "./bar-worker-chaos$chaos" ;;
    cloud)
        commands_of worker-many
        commands_of worker-return
        for broker in redis postgres; do echo "./bar-cloud-rolling --repeat $repeat --size $windows --only $broker"; done
        echo "./bar-cloud-images --jobs $images" ;;
    worker-*) echo "./bar-worker-rate --repeat $repeat --only ${1#worker-}" ;;
    vs | vs-*)
        only=${1#vs}
        columns=
        for column in filch hand go asio tbb openmp; do
            if [ -x "../columns/column-$column" ]; then columns="$columns $column=../columns/column-$column"; fi
        done
        echo "./bar-vs --repeat $repeat ${only:+--only ${only#-}}$columns" ;;
    *) echo "./bar-$1 --repeat $repeat" ;;
    esac
}

# Columns that were not built, once, before the first row that has them.
for bar in ${wanted:-$known}; do
    case $bar in
    vs | vs-*)
        sed -n 's/^-- \(column-.* is not built: .*\)/\1 (tools\/bars.sh --peers installs it)/p' "$log" >&2
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
