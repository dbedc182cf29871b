/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * METG(50 %), the minimum effective task granularity: the time per task, in worker seconds, at
 * which half of the workers' capacity goes into tasks (Slaughter and others, Task Bench, SC 2020).
 * Serial code at the largest grain tells the capacity: there, nothing but the tasks' loops takes
 * time. */
#ifndef BENCH_METG_H
#define BENCH_METG_H

#include "bench.h"

/* One measurement: tasks with loops of `grain` iterations took `seconds`. */
typedef struct metg_point {
    double grain, seconds;
} metg_point;

typedef struct metg {
    double seconds; /* of a worker, per task; as far as was measured: */
    int beyond; /* -1: efficient at all grains, METG is below seconds; 1: at none, it is above; 0: seconds it is */
} metg;

/* points: by ascending grain, one at least. iteration: seconds of one iteration in serial code. Between two points, it
 * is as if tasks cost a constant time more; of several crossings, the one at the largest grain counts. */
metg metg_of(const metg_point *points, size_t count, double tasks, double workers,
             double iteration);

/* The METG of one column of a kernel, with the largest number of workers. */
typedef struct metg_row {
    const column *column;
    unsigned workers;
    metg found;
    bool disturbed;
} metg_row;

/* Kernels of a report of --metg: the first block of the next one, or NULL. b NULL: the first. */
const block *metg_next(const report *r, const block *b);

/* Fills out, at most BENCH_NAMES; columns that failed are left out. Returns how many. */
size_t metg_rows(const report *r, const block *b, metg_row *out);

#endif
