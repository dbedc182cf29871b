/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Bar: 20,000 joins suspended at once. A chain: each task forks the next, waits until another
 * worker has started it, then joins. The bar is the cost of each, page tables included; and a low
 * cap on fibers is reached gracefully. */
#include "bars.h"

#include <filch/atomic.h>

typedef struct chain_job {
    long length;
    double patience;    /* seconds a task waits until its child is started; 0: forever */
    filch_u32 *started; /* [level] set by the task of that level, seen by its parent */
    long kib;           /* resident at the end of the chain, where all others are suspended */
    double seconds;
} chain_job;

static long resident(void)
{
    return measure_status("VmRSS:") + measure_status("VmPTE:");
}

static void wait_for_start(const chain_job *job, long level)
{
    double from = measure_now();
    while (!filch_u32_load(&job->started[level], FILCH_ACQUIRE) && /* C2: pairs with C1 */
           (job->patience == 0 || measure_now() - from < job->patience))
        filch_pause();
}

FILCH_TASK(long, chain, (chain_job *, job), (long, level))
{
    filch_u32_store(&job->started[level], 1, FILCH_RELEASE); /* C1: this level runs */
    if (level == 0) {
        job->kib = resident();
        return 1;
    }
    FILCH_FORK(chain, job, level - 1);
    wait_for_start(job, level - 1);
    FILCH_JOIN(long below, chain);
    return below + 1;
}

static void run_chain(filch_runtime *rt, chain_job *job)
{
    job->started = calloc((size_t)job->length + 1, sizeof *job->started);
    measure_expect(job->started, "no memory");
    for (long i = 0; i <= job->length; i++)
        filch_u32_store(&job->started[i], 0,
                        FILCH_RELAXED); /* before any task: touches the pages */
    long before = resident();
    double from = measure_now();
    long found = FILCH_RUN(rt, chain, job, job->length);
    job->seconds = measure_now() - from;
    job->kib -= before;
    free(job->started);
    measure_expect(found == job->length + 1, "a chain's answer is wrong");
}

bool chain_memory(const bar *unused, const measure_options *options)
{
    filch_runtime *rt = runtime_of(2, NULL);
    chain_job job = {.length = options->size};
    run_chain(rt, &job);
    filch_runtime_stats stats;
    filch_runtime_stats_read(rt, FILCH_ALL_WORKERS, &stats, sizeof stats);
    printf("    chain of %ld: %.3f s, %llu fibers, %llu gifts, %llu robs, %llu migrations\n",
           job.length, job.seconds, (unsigned long long)stats.fibers,
           (unsigned long long)stats.gifts, (unsigned long long)stats.robs,
           (unsigned long long)stats.migrations);
    filch_runtime_destroy(rt);
    return measure_judge_one(measure_text("%ld suspended joins: KiB each, page tables included",
                                          job.length),
                             (double)job.kib / (double)job.length, MEASURE_AT_MOST, 8);
}

bool chain_capped(const bar *unused, const measure_options *options)
{
    const unsigned cap = 8;
    filch_runtime_stats stats;
    filch_runtime *rt = runtime_with((filch_config){.workers = 2, .max_fibers = cap});
    chain_job capped = {.length = 200, .patience = 1e-3};
    run_chain(rt, &capped);
    filch_runtime_stats_read(rt, FILCH_ALL_WORKERS, &stats, sizeof stats);
    filch_runtime_destroy(rt);
    return measure_judge_one("chain of 200 with at most 8 fibers and a guest's: in existence",
                             (double)stats.fibers, MEASURE_AT_MOST, cap + 1);
}
