#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# Each case of traps.c, endings.c and dependences.c, and with clang of calls.c, with teams of 1, 2 and 8. A case that
# prints something has failed.
# usage: traps.sh FOLDER
# OMP_CC: the compiler (default gcc), e.g. clang. OMP_PRELOAD: a library that the library under test needs, e.g. libasan.so.
set -u
folder=$1 preload=${OMP_PRELOAD-}
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0
programs='traps endings dependences' linked=''
case ${OMP_CC:-gcc} in *clang*) programs="$programs calls" linked=-L$folder ;; esac # calls.c has calls of later versions
for program in $programs; do
    ${OMP_CC:-gcc} -O2 -fopenmp -Wl,--no-warn-execstack $linked "$here/$program.c" -o "$work/$program" || exit 1
    for case in $(LD_LIBRARY_PATH=$folder LD_PRELOAD=$preload "$work/$program"); do
        for threads in 1 2 8; do
            OMP_NUM_THREADS=$threads OMP_CANCELLATION=true TRAPS_CONSTRUCTOR=1 LD_LIBRARY_PATH=$folder LD_PRELOAD=$preload \
                timeout 60 "$work/$program" "$case" >"$work/output" 2>&1
            status=$?
            echo "$case, $threads threads: $status"
            cat "$work/output"
            if [ $status -ne 0 ] || [ -s "$work/output" ]; then failed=$((failed + 1)); fi
        done
    done
done
# A setting of the library that is wrong ends the program, and says so.
FILCH_POLICY=nonsense OMP_NUM_THREADS=2 LD_LIBRARY_PATH=$folder LD_PRELOAD=$preload "$work/endings" long_production 2>"$work/output"
status=$?
if [ $status -ne 1 ] || ! grep -q "^libgomp: A team of 2 threads failed: unknown FILCH_POLICY 'nonsense' (valid: " "$work/output"; then
    echo "nonsense: $status"
    cat "$work/output"
    failed=$((failed + 1))
fi
# An entry point of libomp that is not there ends the program, and says its name.
if [ -n "$linked" ]; then
    echo 'void kmp_set_defaults(const char *); int main(void) { kmp_set_defaults(""); return 0; }' >"$work/absent.c"
    ${OMP_CC:-gcc} -fopenmp "$linked" "$work/absent.c" -o "$work/absent" || exit 1
    (LD_LIBRARY_PATH=$folder LD_PRELOAD=$preload "$work/absent") >"$work/output" 2>&1
    status=$?
    if [ $status -ne 134 ] || [ "$(head -n 1 "$work/output")" != 'libomp on Filch: kmp_set_defaults is not implemented' ]; then
        echo "absent: $status"
        cat "$work/output"
        failed=$((failed + 1))
    fi
fi
OMP_THREAD_LIMIT=4 LD_LIBRARY_PATH=$folder LD_PRELOAD=$preload "$work/endings" limit_of_idle_teams || failed=$((failed + 1))
exit $((failed > 0))
