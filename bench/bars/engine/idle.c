/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Bars: CPU use of an idle runtime, and the cost of idle workers to an owner of tiny fork/join
 * pairs. */
#include "bars.h"

typedef struct pairs_job {
    filch_runtime *rt;
    long pairs;
    double seconds;
} pairs_job;

FILCH_TASK(long, tiny, (long, x))
{
    return x + 1;
}

FILCH_TASK(long, pairs, (pairs_job *, job))
{
    long sum = 0;
    double from = measure_now();
    for (long i = 0; i < job->pairs; i++) {
        FILCH_FORK(tiny, i);
        FILCH_JOIN(long x, tiny);
        sum += x;
    }
    job->seconds = measure_now() - from;
    return sum;
}

static double once(void *context)
{
    pairs_job *job = context;
    long sum = FILCH_RUN(job->rt, pairs, job);
    measure_expect(sum == job->pairs * (job->pairs + 1) / 2, "a pair was lost");
    return job->seconds;
}

/* The runtime has worked before it idles: a worker that has just lost its work is what people
 * have. */
bool idle_runtime(const bar *unused, const measure_options *options)
{
    const double seconds = (double)options->size;
    filch_runtime *rt = runtime_of(2, NULL);
    pairs_job job = {.rt = rt, .pairs = 100000};
    once(&job);
    double cpu = measure_cpu();
    measure_sleep(seconds);
    cpu = measure_cpu() - cpu;
    filch_runtime_destroy(rt);
    return measure_judge_one(measure_text("idle runtime, 2 workers, %g s: CPU ms", seconds),
                             cpu * 1e3, MEASURE_AT_MOST, 2);
}

bool idle_owner(const bar *unused, const measure_options *options)
{
    pairs_job jobs[2] = {{.rt = runtime_of(1, NULL), .pairs = 20000000},
                         {.rt = runtime_of(2, NULL), .pairs = 20000000}};
    measure_arm arms[2] = {{.name = "alone", .once = once, .context = &jobs[0]},
                           {.name = "beside idle", .once = once, .context = &jobs[1]}};
    measure_race("owner of tiny pairs", arms, 2, 1e9 / (double)jobs[0].pairs, "ns a pair",
                 options->repeat);
    filch_runtime_destroy(jobs[0].rt);
    filch_runtime_destroy(jobs[1].rt);
    return measure_judge_ratio("owner of tiny pairs beside an idle worker / alone", &arms[1],
                               &arms[0], options->repeat, MEASURE_AT_MOST, 1.05);
}
