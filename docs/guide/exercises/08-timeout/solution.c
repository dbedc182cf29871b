/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Exercise 8: timeouts. A solution. */
#include "exercise.h"

static int fetch_one(filch_self self, filch_job *job, void *data)
{
    (void)self;
    return fetch(filch_job_context(job), (int)(intptr_t)data);
}

static void ended(filch_job *job, filch_outcome outcome, const filch_failure *why, void *data)
{
    (void)job, (void)why;
    if (outcome == FILCH_TIMED_OUT)
        give_up((int)(intptr_t)data);
}

int fetch_all(int pages, int64_t timeout)
{
    filch_pool *pool;
    filch_pool_stats stats;
    int rc = filch_pool_create(&pool, &(filch_pool_config){.width = 4, .timeout = timeout});
    if (rc)
        return rc;
    for (int i = 0; i < pages && !rc; i++)
        rc = FILCH_SUBMIT_AS(pool, fetch_one, (void *)(intptr_t)i, .done = ended);
    int waited = filch_pool_wait(pool, FILCH_FOREVER);
    filch_pool_stats_read(pool, &stats, sizeof stats);
    int destroyed = filch_pool_destroy(pool);
    if (rc || waited || destroyed)
        return rc ? rc : waited ? waited : destroyed;
    return (int)stats.outcomes[FILCH_TIMED_OUT];
}
