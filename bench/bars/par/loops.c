/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Bars of filch_for: x * a + b over many floats against the plain loop and against the faster of
 * oneTBB and OpenMP; iterations of very different lengths against the ceiling. Then, from a task
 * beside an idle worker, 1,000 light iterations against the plain loop: this shows whether a loop
 * knows when not to go parallel. */
#include "bars.h"

#include <filch/for.h>

enum { SMALL = 1000, SMALL_RUNS = 100, SMALL_TURNS = 300 };

bool loops_for(const bar *unused, const measure_options *options)
{
    static race r;
    race_open(&r, "for", options->size, options->repeat);
    r.turns = 5;
    int plain = race_add_serial(&r, "plain loop", 1);
    int one = race_add_filch(&r, "filch, 1 worker", NULL, 1);
    int two = race_add_filch(&r, "filch, 2 workers", NULL, 2);
    int tbb = race_add_peer(&r, "oneTBB, 2", "tbb", 2);
    int openmp = race_add_peer(&r, "OpenMP, 2", "openmp", 2);
    race_run(&r);
    int best = race_faster(&r, tbb, openmp);
    bool reached =
        race_judge(&r, "for: 1 worker / plain loop", one, plain, 1, MEASURE_AT_MOST, 1.02);
    return race_judge(&r,
                      measure_text("for: 2 workers / the faster peer (%s)",
                                   best < 0 ? "none" : r.arms[best].name),
                      two, best, 1, MEASURE_AT_MOST, 1.03) &&
           reached;
}

/* The speed-up over the plain loop, alone / two, over the ceiling 2 x alone / both: both / 2
 * two. */
bool loops_irregular(const bar *row, const measure_options *options)
{
    const char *name = row->part;
    static race r;
    race_open(&r, name, kernel_find(name)->column[KERNEL_SERIAL]->sizes[KERNEL_FULL].n,
              options->repeat);
    int alone = race_add_serial(&r, "plain loop", 1);
    int both = race_add_serial(&r, "two copies", 2);
    int one = race_add_filch(&r, "filch, 1 worker", NULL, 1);
    int two = race_add_filch(&r, "filch, 2 workers", NULL, 2);
    race_add_peer(&r, "oneTBB, 2", "tbb", 2);
    race_add_peer(&r, "OpenMP dynamic, 2", "openmp", 2);
    race_run(&r);
    race_judge(&r, "  ceiling: 2 x alone / both", alone, both, 2, MEASURE_REPORTED, 0);
    race_judge(&r, measure_text("%s: 1 worker / plain loop", name), one, alone, 1, MEASURE_REPORTED,
               0);
    return race_judge(&r, measure_text("%s: speed-up at 2 workers over plain / ceiling", name),
                      both, two, 0.5, MEASURE_AT_LEAST, 0.97);
}

FILCH_FOR(scale, i, (float *, x), (float, a), (float, b))
{
    x[i] = x[i] * a + b;
}

static void __attribute__((noinline)) scale_plainly(float *x, size_t n, float a, float b)
{
    for (size_t i = 0; i < n; i++)
        x[i] = x[i] * a + b;
}

typedef struct small_job {
    filch_runtime *rt;
    float *x;
    double seconds, plain; /* of a loop */
} small_job;

/* The two take turns of about ten microseconds, so that anything that slows the core down slows
 * both. */
FILCH_VOID_TASK(repeat_small, (small_job *, job))
{
    /* Not known to the compiler: of a known number of items it makes another loop. */
    volatile float a = 0.5f, b = 1;
    volatile size_t n = SMALL;
    job->seconds = job->plain = 0;
    for (int turn = 0; turn < SMALL_TURNS; turn++) {
        double from = measure_now();
        for (int i = 0; i < SMALL_RUNS; i++)
            scale(self, 0, n, job->x, a, b);
        double middle = measure_now();
        for (int i = 0; i < SMALL_RUNS; i++)
            scale_plainly(job->x, n, a, b);
        job->plain += (measure_now() - middle) / SMALL_TURNS / SMALL_RUNS;
        job->seconds += (middle - from) / SMALL_TURNS / SMALL_RUNS;
    }
}

static double small_once(void *context)
{
    small_job *job = context;
    FILCH_RUN(job->rt, repeat_small, job);
    return job->seconds;
}

static double small_plain(void *context)
{
    const small_job *job = context;
    return job->plain;
}

bool loops_small(const bar *unused, const measure_options *options)
{
    static float x[SMALL] __attribute__((aligned(64)));
    filch_runtime *rt = runtime_of(2, NULL);
    small_job job = {.rt = rt, .x = x};
    measure_arm arms[2] = {{.name = "filch", .once = small_once, .context = &job},
                           {.name = "plain loop", .once = small_plain, .context = &job}};
    measure_race("1,000 light iterations", arms, 2, 1e9, "ns", options->repeat);
    filch_runtime_destroy(rt);
    return measure_judge_ratio("small: 1,000 iterations in a task / plain loop", &arms[0], &arms[1],
                               options->repeat, MEASURE_AT_MOST, 1.2);
}
