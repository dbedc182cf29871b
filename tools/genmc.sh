#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# Usage: ./tools/genmc.sh [--write] [NAME...]
#
# A second judge for the model checker: GenMC, where it is installed, on the shipped files of sched/ and the small
# programs of tests/genmc, under the repaired memory model of C11 (RC11). Without a NAME, all of them.
#   --write    only writes the programs, each as one file, to build/genmc; other checkers of C programs read them, too
#   --help     shows this text
# GENMC is the program, if it is not `genmc` on PATH. Exit status: 0 all hold, 1 a program fails, 2 wrong use or no GenMC.
set -u
cd "$(dirname "$0")/.." || exit 2
genmc=${GENMC:-genmc}
only_write=0 names=()
for argument; do
    case $argument in
    --help)
        sed -n '3,/^set -u/{/^set -u/!s/^# \{0,1\}//p}' "$0"
        exit 0
        ;;
    --write) only_write=1 ;;
    -*)
        echo "genmc.sh: unknown option $argument (valid: --write, --help)" >&2
        exit 2
        ;;
    *) names+=("$argument") ;;
    esac
done
every=$(cd tests/genmc && echo *.c | sed 's/\.c\b//g')
# shellcheck disable=SC2206
[ ${#names[@]} -gt 0 ] || names=($every)

mkdir -p build/genmc
for name in "${names[@]}"; do
    if [ ! -f "tests/genmc/$name.c" ]; then
        echo "genmc.sh: unknown program $name (valid: $every)" >&2
        exit 2
    fi
    python3 tests/genmc/flatten.py "tests/genmc/$name.c" >"build/genmc/$name.c" || exit 2
done
if [ $only_write = 1 ]; then
    echo "written to build/genmc: ${names[*]}"
    exit 0
fi
if ! command -v "$genmc" >/dev/null; then
    echo "genmc.sh: $genmc not found; install GenMC (https://plv.mpi-sws.org/genmc/) or set GENMC." >&2
    echo "The programs are in build/genmc (--write only writes them). The suite does not need GenMC." >&2
    exit 2
fi
failed=0
for name in "${names[@]}"; do
    log=build/genmc/$name.log
    if "$genmc" --rc11 -- -D_GNU_SOURCE "build/genmc/$name.c" >"$log" 2>&1; then
        echo "$name: $(grep -m 1 'complete executions' "$log" || echo 'no error')"
    else
        echo "$name: FAILS (log: $log)"
        failed=1
    fi
done
exit $failed
