/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Exercise 7: error handling. Here nobody looks at what went wrong, and all seems well.
 *
 *   cc starter.c check.c $(pkg-config --cflags --libs filch) -o check && ./check */
#include "exercise.h"

#include <filch/filch.h>
#include <filch/pools.h>

static int parse_one(filch_self self, filch_job *job, void *data)
{
    (void)self, (void)job;
    parse((int)(intptr_t)data); /* TODO 1: an error that is not returned never happened */
    return 0;
}

/* TODO 2: this is called once with the outcome of a job that is submitted with .done = ended:
 * outcome is FILCH_SUCCEEDED, FILCH_FAILED, FILCH_PANICKED, ...; why->code and why->message say
 * why. Several may be told at a time, but only one may note: filch_mutex. */
static void ended(filch_job *job, filch_outcome outcome, const filch_failure *why, void *data)
{
    (void)job, (void)outcome, (void)why, (void)data;
}

int parse_all(int pages, summary *out)
{
    filch_pool *pool;
    int rc = filch_pool_create(&pool, &(filch_pool_config){.width = 4});
    if (rc)
        return rc;
    for (int i = 0; i < pages && !rc; i++)
        rc = FILCH_SUBMIT_AS(pool, parse_one, (void *)(intptr_t)i, .done = ended);
    /* TODO 3: the pool has counted: when filch_pool_wait has returned, filch_pool_stats_read. */
    *out = (summary){.succeeded = pages};
    int destroyed = filch_pool_destroy(pool);
    return rc ? rc : destroyed;
}
