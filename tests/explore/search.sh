#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# search.sh PROGRAM...: filch explore finds the bug of each within 2,000 seeds and 60 s, and its schedule repeats it with few
# switches; so does its seed alone. Programs named right_* have none.
. "$(dirname "$0")/common.bash"
for program in "$@"; do
    case $program in
    right_*)
        explored 0 "$program" --seeds 1000 --seconds 20
        said "not r['found']"
        ;;
    *)
        explored 1 "$program" --seeds 2000 --seconds 60
        said "r['found'] and f['repeats'] and len(f['schedule']) <= $([[ $program == broken_* ]] && echo 20 || echo 10)"
        read -r seed end < <(python3 -c "import json; f = json.load(open('out'))['failure']; print(f['seed'], f['end'])")
        explored 1 "$program" --first "$seed" --seeds 1
        said "f['seed'] == $seed and f['end'] == '$end'"
        ;;
    esac
done
finish
