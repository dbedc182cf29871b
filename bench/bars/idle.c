/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Bars: CPU use of an idle runtime, and the cost of idle workers to an owner of tiny fork/join
 * pairs. */
#include "measure.h"

#include "runtimes.h"

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
    if (sum != job->pairs * (job->pairs + 1) / 2) {
        fputs("a pair was lost\n", stderr);
        exit(1);
    }
    return job->seconds;
}

/* The runtime has worked before it idles: a worker that has just lost its work is what people
 * have. */
static bool judge_idle(double seconds)
{
    filch_runtime *rt = runtime_of(2, NULL);
    pairs_job job = {.rt = rt, .pairs = 100000};
    char what[96];
    once(&job);
    double cpu = measure_cpu();
    measure_sleep(seconds);
    cpu = measure_cpu() - cpu;
    filch_runtime_destroy(rt);
    snprintf(what, sizeof what, "idle runtime, 2 workers, %g s: CPU ms", seconds);
    return measure_judge_one(what, cpu * 1e3, MEASURE_AT_MOST, 2);
}

int main(int argc, char **argv)
{
    static measure_arm arms[2];
    measure_options options = measure_read_options(argc, argv, 10, "SECONDS of idling");
    bool reached = !measure_wanted(&options, "idle") || judge_idle((double)options.size);
    if (measure_wanted(&options, "owner")) {
        pairs_job jobs[2] = {{.rt = runtime_of(1, NULL), .pairs = 20000000},
                             {.rt = runtime_of(2, NULL), .pairs = 20000000}};
        arms[0] = (measure_arm){.name = "alone", .once = once, .context = &jobs[0]};
        arms[1] = (measure_arm){.name = "beside idle", .once = once, .context = &jobs[1]};
        measure_interleaved(arms, 2, options.repeat);
        for (int i = 0; i < 2; i++)
            measure_show("owner of tiny pairs", &arms[i], 1e9 / (double)jobs[i].pairs, "ns a pair",
                         options.repeat);
        reached = measure_judge("owner of tiny pairs beside an idle worker / alone",
                                measure_ratio(&arms[1], &arms[0], 1, options.repeat),
                                MEASURE_AT_MOST, 1.05) &&
                  reached;
        filch_runtime_destroy(jobs[0].rt);
        filch_runtime_destroy(jobs[1].rt);
    }
    return reached ? 0 : 1;
}
