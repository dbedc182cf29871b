/* SPDX-License-Identifier: MIT OR Apache-2.0
 * test: absent in tsan (one thread); needs filch_sim_parts; label simulation (minutes without optimization)
 *
 * The simulation beside theory: unit tasks, halved by thieves, where an attempt to steal takes the
 * time of a task and nothing else costs anything. The mean makespan of W unit tasks on P workers is
 * at most W / P + 3.65 log2 W + 1 (Tchiboukdjian, Gast, Trystram, Roch, Bernard: A tighter analysis
 * of work stealing, ISAAC 2010). Simulations of the same authors need some two thirds of that term. */
#include <math.h>
#include <stdio.h>
#include <tests/support/test.h>
#include <tests/unit/sim/simulated.h>

enum { SEEDS = 16, UNIT = 1000 /* ns */ };

/* Mean makespan, in units, over the seeds. */
static double mean_of(unsigned log2_work, unsigned workers)
{
    char text[64];
    double sum = 0;
    simulated s;
    snprintf(text, sizeof text, "tree:depth=%u,leaf=%d", log2_work, UNIT);
    simulated_begin(&s, text, NULL, workers);
    simulated_free(&s, (picoseconds)UNIT * PICOSECONDS);
    for (s.how.seed = 1; s.how.seed <= SEEDS; s.how.seed++)
        sum += (double)simulated_run(&s).makespan;
    simulated_end(&s);
    return sum / SEEDS / UNIT / PICOSECONDS;
}

Test(sim_theory, unit_task_makespan_stays_near_bound)
{
    for (unsigned log2_work = 10; log2_work <= 16; log2_work += 2)
        for (unsigned workers = 16; workers <= 256; workers *= 2) {
            double extra = mean_of(log2_work, workers) - ldexp(1, (int)log2_work) / workers;
            double constant = extra / log2_work;
            cr_expect_leq(constant, 3.65, "2^%u tasks, %u workers: %g", log2_work, workers,
                          constant);
            cr_expect_geq(constant, 1, "2^%u tasks, %u workers: %g", log2_work, workers, constant);
        }
}

/* The slope of a least-squares line. */
static double slope_of(const double *x, const double *y, int count)
{
    double mean_x = 0, mean_y = 0, above = 0, below = 0;
    for (int i = 0; i < count; i++) {
        mean_x += x[i] / count;
        mean_y += y[i] / count;
    }
    for (int i = 0; i < count; i++) {
        above += (x[i] - mean_x) * (y[i] - mean_y);
        below += (x[i] - mean_x) * (x[i] - mean_x);
    }
    return above / below;
}

Test(sim_theory, makespan_scales_with_work_over_workers)
{
    double ideal[8], makespan[8];
    int count = 0;
    for (unsigned workers = 2; workers <= 256; workers *= 2, count++) {
        ideal[count] = ldexp(1, 16) / workers;
        makespan[count] = mean_of(16, workers);
    }
    double slope = slope_of(ideal, makespan, count);
    cr_expect_lt(fabs(slope - 1), 0.05, "slope %g", slope);
}
