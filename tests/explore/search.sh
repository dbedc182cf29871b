#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# search.sh PROGRAM...: filch explore finds the bug of each within 2,000 seeds and 60 s, and its schedule repeats it with few
# switches. Programs named right_* have none.
. "$(dirname "$0")/common.bash"
for program in "$@"; do
    case $program in
    right_*)
        explored 0 "$program" --seeds 1000 --seconds 20
        said "not r['found']"
        ;;
    *)
        explored 1 "$program" --seeds 2000 --seconds 60
        said "r['found'] and f['repeats'] and len(f['schedule']) <= 10"
        ;;
    esac
done
finish
