/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Bars of filch_reduce and filch_scan against oneTBB's, and of the reduction whose result is always
 * the same against the free one. */
#include "bars.h"

#include <filch/reduce.h>

FILCH_REDUCE_DETERMINISTIC(sum, double, 0.0, FILCH_PLUS, i, (const double *, x))
{
    return x[i];
}

static void run_deterministic(void *place, kernel_run *run)
{
    par_sum *d = run->data;
    par_expect(FILCH_RUN((filch_runtime *)place, sum, 0, d->n, &d->sum, d->x));
}

bool sums_reduce(const bar *unused, const measure_options *options)
{
    static race r;
    race_open(&r, "reduce", options->size, options->repeat);
    r.turns = 7;
    kernel k = *kernel_find("reduce")->column[KERNEL_FILCH];
    k.run = run_deterministic;
    int plain = race_add_serial(&r, "plain loop", 1);
    int one = race_add_filch(&r, "filch, 1 worker", NULL, 1);
    int two = race_add_filch(&r, "filch, 2 workers", NULL, 2);
    int same_one = race_add_filch(&r, "deterministic, 1", &k, 1);
    int same_two = race_add_filch(&r, "deterministic, 2", &k, 2);
    int tbb = race_add_peer(&r, "oneTBB, 2", "tbb", 2);
    race_add_peer(&r, "OpenMP, 2", "openmp", 2);
    race_run(&r);
    race_judge(&r, "reduce: 1 worker / plain loop", one, plain, 1, MEASURE_REPORTED, 0);
    bool reached =
        race_judge(&r, "reduce: 2 workers / oneTBB's", two, tbb, 1, MEASURE_AT_MOST, 1.03);
    reached &= race_judge(&r, "reduce: deterministic / free, 1 worker", same_one, one, 1,
                          MEASURE_AT_MOST, 1.1);
    return race_judge(&r, "reduce: deterministic / free, 2 workers", same_two, two, 1,
                      MEASURE_AT_MOST, 1.1) &&
           reached;
}

bool sums_scan(const bar *unused, const measure_options *options)
{
    static race r;
    race_open(&r, "scan", options->size, options->repeat);
    r.turns = 4;
    int plain = race_add_serial(&r, "plain loop", 1);
    int one = race_add_filch(&r, "filch, 1 worker", NULL, 1);
    int two = race_add_filch(&r, "filch, 2 workers", NULL, 2);
    int tbb = race_add_peer(&r, "oneTBB, 2", "tbb", 2);
    race_add_peer(&r, "OpenMP, 2", "openmp", 2);
    race_run(&r);
    race_judge(&r, "scan: 1 worker / plain loop", one, plain, 1, MEASURE_REPORTED, 0);
    return race_judge(&r, "scan: 2 workers / oneTBB's", two, tbb, 1, MEASURE_AT_MOST, 1.03);
}
