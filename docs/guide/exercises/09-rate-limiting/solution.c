/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Exercise 9: rate limiting. A solution. */
#include "exercise.h"

#include <filch/filch.h>
#include <filch/pools.h>

static filch_limiter *limiter;

static int make_call(filch_self self, filch_job *job, void *data)
{
    (void)self;
    int rc = filch_limiter_acquire(limiter, 1, filch_job_context(job), FILCH_FOREVER);
    if (!rc)
        call((int)(intptr_t)data);
    return rc;
}

int call_all(int calls)
{
    filch_pool *pool;
    int rc = filch_limiter_create(&limiter, (filch_limit){.rate = RATE, .burst = BURST});
    if (rc)
        return rc;
    rc = filch_pool_create(&pool, &(filch_pool_config){.width = 8});
    if (rc) {
        filch_limiter_destroy(limiter);
        return rc;
    }
    for (int i = 0; i < calls && !rc; i++)
        rc = FILCH_SUBMIT(pool, make_call, (void *)(intptr_t)i);
    int ended = filch_pool_destroy(pool);
    filch_limiter_destroy(limiter);
    return rc ? rc : ended;
}
