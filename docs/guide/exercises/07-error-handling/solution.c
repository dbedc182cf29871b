/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Exercise 7: error handling. A solution. */
#include "exercise.h"

#include <filch/filch.h>
#include <filch/pools.h>

static int parse_one(filch_self self, filch_job *job, void *data)
{
    (void)self, (void)job;
    /* exercise: 1: an error that is not returned never happened. */
    return parse((int)(intptr_t)data);
    /* starter: parse((int)(intptr_t)data); */
    /* starter: return 0; */
    /* end */
}

/* Called once with the outcome of a job that is submitted with .done = ended: FILCH_SUCCEEDED, FILCH_FAILED,
 * FILCH_PANICKED, ...; why->code and why->message give the reason. */
static void ended(filch_job *job, filch_outcome outcome, const filch_failure *why, void *data)
{
    (void)job;
    /* exercise: 2: note failures. Several jobs may end at a time, but only one may note: filch_mutex. */
    static filch_mutex noting;
    if (outcome == FILCH_SUCCEEDED)
        return;
    filch_mutex_lock(&noting);
    note_failure((int)(intptr_t)data, why->code, why->message);
    filch_mutex_unlock(&noting);
    /* starter: (void)outcome, (void)why, (void)data; */
    /* end */
}

int parse_all(int pages, summary *out)
{
    filch_pool *pool;
    int rc = filch_pool_create(&pool, &(filch_pool_config){.width = 4});
    if (rc)
        return rc;
    for (int i = 0; i < pages && !rc; i++)
        rc = FILCH_SUBMIT_AS(pool, parse_one, (void *)(intptr_t)i, .done = ended);
    /* exercise: 3: the pool has counted: when filch_pool_wait has returned, filch_pool_stats_read. */
    filch_pool_stats stats;
    int waited = filch_pool_wait(pool, FILCH_FOREVER);
    filch_pool_stats_read(pool, &stats, sizeof stats);
    *out = (summary){(int)stats.outcomes[FILCH_SUCCEEDED], (int)stats.outcomes[FILCH_FAILED],
                     (int)stats.outcomes[FILCH_PANICKED]};
    rc = rc ? rc : waited;
    /* starter: *out = (summary){.succeeded = pages}; */
    /* end */
    int destroyed = filch_pool_destroy(pool);
    return rc ? rc : destroyed;
}
