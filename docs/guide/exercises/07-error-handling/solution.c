/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Exercise 7: error handling. A solution. */
#include "exercise.h"

#include <filch/filch.h>
#include <filch/pools.h>

static filch_mutex noting;

static int parse_one(filch_self self, filch_job *job, void *data)
{
    (void)self, (void)job;
    return parse((int)(intptr_t)data);
}

static void ended(filch_job *job, filch_outcome outcome, const filch_failure *why, void *data)
{
    (void)job;
    if (outcome == FILCH_SUCCEEDED)
        return;
    filch_mutex_lock(&noting);
    note_failure((int)(intptr_t)data, why->code, why->message);
    filch_mutex_unlock(&noting);
}

int parse_all(int pages, summary *out)
{
    filch_pool *pool;
    filch_pool_stats stats;
    int rc = filch_pool_create(&pool, &(filch_pool_config){.width = 4});
    if (rc)
        return rc;
    for (int i = 0; i < pages && !rc; i++)
        rc = FILCH_SUBMIT_AS(pool, parse_one, (void *)(intptr_t)i, .done = ended);
    int waited = filch_pool_wait(pool, FILCH_FOREVER);
    filch_pool_stats_read(pool, &stats, sizeof stats);
    *out = (summary){(int)stats.outcomes[FILCH_SUCCEEDED], (int)stats.outcomes[FILCH_FAILED],
                     (int)stats.outcomes[FILCH_PANICKED]};
    int destroyed = filch_pool_destroy(pool);
    return rc ? rc : waited ? waited : destroyed;
}
