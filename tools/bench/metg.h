/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * METG(50 %), the minimum effective task granularity: the time per task, in worker seconds, at
 * which half of what the workers could do is done (Slaughter and others, Task Bench, SC 2020). What
 * they could do is known from serial code at the largest grain, where nothing but the tasks' loops
 * takes time. */
#ifndef BENCH_METG_H
#define BENCH_METG_H

#include <stddef.h>

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

#endif
