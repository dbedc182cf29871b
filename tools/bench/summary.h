/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * From samples to the figures people read. Ratios are taken round by round (statistics.h). Pure
 * functions. */
#ifndef BENCH_SUMMARY_H
#define BENCH_SUMMARY_H

#include "bench.h"

#include <tools/shared/statistics.h>

typedef struct summary {
    estimate seconds;
    double over_serial; /* time / serial time; with 1 worker this is T1/Ts */
    double speed_up;    /* time of the same column with 1 worker / time; 0: not measured */
    double tasks_per_second, steals, cpu_seconds;
    bool disturbed; /* other programs took more than a twentieth of the machine meanwhile */
} summary;

/* Of a cell that has samples. */
summary summarize(const block *b, const cell *c);

/* The estimate of seconds of slow / seconds of fast. */
estimate seconds_ratio(const cell *slow, const cell *fast);

/* A name as people say it: "work stealing (chase-lev)". Returns text. */
char *column_title(const column *c, char *text, size_t size);

#endif
