/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Exercise 8: timeouts. A solution. */
#include "exercise.h"

/* A job's context is done when its time is over. Nothing stops the job by force: it looks, or hands the context to its waits. */
static int fetch_one(filch_self self, filch_job *job, void *data)
{
    (void)self, (void)job;
    /* exercise: 1: hand on the job's context: filch_job_context(job). */
    return fetch(filch_job_context(job), (int)(intptr_t)data);
    /* starter: return fetch(NULL, (int)(intptr_t)data); */
    /* end */
}

/* exercise: 2: submit with .done = ended; if the outcome is FILCH_TIMED_OUT, give the page up. */
static void ended(filch_job *job, filch_outcome outcome, const filch_failure *why, void *data)
{
    (void)job, (void)why;
    if (outcome == FILCH_TIMED_OUT)
        give_up((int)(intptr_t)data);
}
/* end */

int fetch_all(int pages, int64_t timeout)
{
    filch_pool *pool;
    filch_pool_stats stats;
    /* exercise: 3: of each job of the pool (timeout, in filch_pool_config). */
    int rc = filch_pool_create(&pool, &(filch_pool_config){.width = 4, .timeout = timeout});
    /* starter: (void)timeout; */
    /* starter: int rc = filch_pool_create(&pool, &(filch_pool_config){.width = 4}); */
    /* end */
    if (rc)
        return rc;
    for (int i = 0; i < pages && !rc; i++)
        /* exercise: 2, here */
        rc = FILCH_SUBMIT_AS(pool, fetch_one, (void *)(intptr_t)i, .done = ended);
    /* starter:     rc = FILCH_SUBMIT(pool, fetch_one, (void *)(intptr_t)i); */
    /* end */
    int waited = filch_pool_wait(pool, FILCH_FOREVER);
    filch_pool_stats_read(pool, &stats, sizeof stats);
    int destroyed = filch_pool_destroy(pool);
    if (rc || waited || destroyed)
        return rc ? rc : waited ? waited : destroyed;
    return (int)stats.outcomes[FILCH_TIMED_OUT];
}
