/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Exercise 8: timeouts. This waits for slow pages until the end of time.
 *
 *   cc starter.c check.c $(pkg-config --cflags --libs filch) -o check && ./check */
#include "exercise.h"

/* A job's context is done when its time is over: filch_job_context(job). Nobody stops the job by
 * force: it has to look, or to hand the context to its waits. */
static int fetch_one(filch_self self, filch_job *job, void *data)
{
    (void)self, (void)job;
    return fetch(NULL, (int)(intptr_t)data); /* TODO 1: hand on the job's context */
}

/* TODO 2: .done = ended; if the outcome is FILCH_TIMED_OUT, give the page up. */

int fetch_all(int pages, int64_t timeout)
{
    filch_pool *pool;
    filch_pool_stats stats;
    (void)timeout; /* TODO 3: of each job of the pool (timeout, in filch_pool_config) */
    int rc = filch_pool_create(&pool, &(filch_pool_config){.width = 4});
    if (rc)
        return rc;
    for (int i = 0; i < pages && !rc; i++)
        rc = FILCH_SUBMIT(pool, fetch_one, (void *)(intptr_t)i);
    int waited = filch_pool_wait(pool, FILCH_FOREVER);
    filch_pool_stats_read(pool, &stats, sizeof stats);
    int destroyed = filch_pool_destroy(pool);
    if (rc || waited || destroyed)
        return rc ? rc : waited ? waited : destroyed;
    return (int)stats.outcomes[FILCH_TIMED_OUT];
}
