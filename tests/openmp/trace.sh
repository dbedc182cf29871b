#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# A trace of an OpenMP program shows its regions by source line, their barriers, and their imbalance.
# usage: trace.sh FILCH
set -eu
filch=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
cat >uneven.c <<'END'
#include <omp.h>
#include <unistd.h>

static void even(void)
{
#pragma omp parallel
    usleep(5000);
}

int main(void)
{
    for (int i = 0; i < 3; i++)
        even();
#pragma omp parallel
    {
        if (omp_get_thread_num() == 0)
            usleep(30000);
#pragma omp barrier
#pragma omp barrier
    }
    return 0;
}
END
gcc -g -O1 -fopenmp uneven.c -o uneven
OMP_NUM_THREADS=4 "$filch" openmp --trace run.trace ./uneven
"$filch" trace run.trace >summary
cat >check.py <<'END'
rows = {}
for line in open("summary", encoding="utf-8"):
    words = line.split()
    if words and words[0] == "region":
        assert words[1:] == ["calls", "time", "worked", "barriers", "at", "barriers", "at", "the", "end", "imbalance"], words
    elif len(words) > 2 and words[1].startswith("(uneven.c:") and "%" in words:
        name, calls, _, _, worked, _, barriers, at_barriers, _, at_end, _, imbalance = [" ".join(words[:2])] + words[2:]
        rows[name] = [float(number) for number in (calls, worked, barriers, at_barriers, at_end, imbalance)]
calls, worked, barriers, at_barriers, at_end, imbalance = rows["main (uneven.c:14)"]
assert (calls, barriers) == (1, 2) and at_barriers > 60 and imbalance > 3, rows
calls, worked, barriers, at_barriers, at_end, imbalance = rows["even (uneven.c:6)"]
assert (calls, barriers, at_barriers) == (3, 0, 0) and imbalance < 2, rows
END
python3 check.py || {
    cat summary
    exit 1
}
strip -g uneven
"$filch" trace run.trace >summary # another program than the one that was traced
grep -q 'main+0x' summary || {
    echo "after strip: $(cat summary)"
    exit 1
}
