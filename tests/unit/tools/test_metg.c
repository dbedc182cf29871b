/* SPDX-License-Identifier: MIT OR Apache-2.0
 * test: needs filch_bench_parts
 *
 * METG(50 %) of runtimes that are formulas: tasks whose overhead is known. */
#include <math.h>
#include <tests/support/test.h>
#include <tools/bench/metg.h>

enum { POINTS = 7 };
static const double ITERATION = 1e-9, TASKS = 1000;

/* The times of a runtime that adds so many seconds to each task. */
static void fill(metg_point *points, double overhead, double workers)
{
    double grain = 4;
    for (int i = 0; i < POINTS; i++, grain *= 4)
        points[i] = (metg_point){grain, TASKS * (grain * ITERATION + overhead) / workers};
}

/* Half of the time is overhead where a task does as much as that: a task then takes it twice. */
Test(metg, metg_doubles_overhead_for_any_workers)
{
    metg_point points[POINTS];
    for (double overhead = 20e-9; overhead < 5e-6; overhead *= 1.7)
        for (double workers = 1; workers <= 64; workers *= 8) {
            fill(points, overhead, workers);
            metg found = metg_of(points, POINTS, TASKS, workers, ITERATION);
            cr_expect_eq(found.beyond, 0);
            cr_expect_lt(fabs(found.seconds / (2 * overhead) - 1), 1e-6, "%g for %g", found.seconds,
                         overhead);
        }
}

Test(metg, reports_value_outside_measured_range)
{
    metg_point points[POINTS];
    fill(points, 1e-9, 2);
    metg low = metg_of(points, POINTS, TASKS, 2, ITERATION);
    cr_expect_eq(low.beyond, -1);
    cr_expect_float_eq(low.seconds, 5e-9, 1e-12, "the smallest task that was measured");
    fill(points, 1e-3, 2);
    metg high = metg_of(points, POINTS, TASKS, 2, ITERATION);
    cr_expect_eq(high.beyond, 1);
    cr_expect_gt(high.seconds, 1e-3);
}

Test(metg, counts_crossing_at_largest_grain)
{
    metg_point points[POINTS];
    fill(points, 100e-9, 1);
    points[0].seconds = TASKS * points[0].grain * ITERATION; /* an outlier: efficient again */
    metg found = metg_of(points, POINTS, TASKS, 1, ITERATION);
    cr_expect_eq(found.beyond, 0);
    cr_expect_lt(fabs(found.seconds / 200e-9 - 1), 0.1);
}
