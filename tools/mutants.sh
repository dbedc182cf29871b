#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# Automatic mutants: faults that the syntax of the modelled files suggests, and whether the models see them.
#
#   ./tools/mutants.sh sched/idle.c   judges the mutants of these files, writes the verdicts to build/mutants:
#                                     of functions that have changed since; --anew: of all
#   ./tools/mutants.sh --all          judges those of all modelled files (hours at first; then only those that have changed)
#   ./tools/mutants.sh --survivors FILE  also those that live, after a row or a claim was added
#   ./tools/mutants.sh --holes FILE      of those, only the ones that no argument excuses
#   ./tools/mutants.sh --tests FILE      the same by unit tests alone, first those that the argument names
#   ./tools/mutants.sh --check        compares the arguments with the sources, without a build
#   ./tools/mutants.sh --report       writes build/mutants/report.md
#   ./tools/mutants.sh --list FILE    names the mutants of a file
#
# --seconds T is the time for one mutant that no sample, lint or unit test tells (20). Verdicts are cached in build/model.
set -u
cd "$(dirname "$0")/.." || exit 2
. tools/ccache.sh

# build PRESET [TARGET...]
build() {
    mkdir -p build/log
    { cmake --preset "$1" && { [ $# = 1 ] || cmake --build "build/$1" --target "${@:2}" -j "$(nproc)"; }; } >"build/log/mutants-$1.log" 2>&1 ||
        { tail -n 30 "build/log/mutants-$1.log"; echo "mutants: the build failed: build/log/mutants-$1.log"; exit 2; }
}

case " $* " in
*' -h '* | *' --help '*) sed -n '3,/^set -u/{/^# \?/s///p}' "$0"; exit 0 ;;
*' --check '* | *' --report '* | *' --list '*) ;;
*' --tests '*) build model; build coverage unit fault; build asan unit fault ;;
*) build model models; build coverage models unit fault; build asan unit fault ;;
esac
exec python3 tests/model/automatic/main.py "$@"
