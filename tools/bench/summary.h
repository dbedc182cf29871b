/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * From samples to the figures people read. Ratios are taken round by round (statistics.h). Pure
 * functions. */
#ifndef BENCH_SUMMARY_H
#define BENCH_SUMMARY_H

#include "bench.h"

#include <tools/shared/pair.h>
#include <tools/shared/statistics.h>

typedef struct summary {
    estimate seconds;
    double over_serial; /* time / serial time; with 1 worker this is T1/Ts */
    double speed_up;    /* time of the same column with 1 worker / time; 0: not measured */
    double tasks_per_second, steals, cpu_seconds;
} summary;

/* Of a cell that has samples. */
summary summarize(const block *b, const cell *c);

/* The median of one number (offset in sample) of its samples. */
double median_of_field(const cell *c, size_t at);

/* The estimate of seconds of slow / seconds of fast, round by round. */
estimate seconds_ratio(const cell *slow, const cell *fast);

/* A counter of the library, per run; of a cell with counted_runs. */
double stat_per_run(const cell *c, const filch_runtime_stat *row);

/* The first column against another, in one block, with the largest number of workers. */
typedef struct pair {
    const column *first, *other;
    unsigned workers;
    pair_figures figures;
    pair_verdict verdict;
    unsigned noise; /* of either (noise.h) */
} pair;

/* Fills out with those that have been measured, at most BENCH_NAMES; returns how many. */
size_t pairs_of(const report *r, const block *b, pair *out);

/* Sets r->cutoff, from all pairs. */
void judge_pairs(report *r);

/* A name as people say it: "work stealing (chase-lev)". Returns text. */
char *column_title(const column *c, char *text, size_t size);

#endif
