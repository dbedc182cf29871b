/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Exercise 9: rate limiting. A solution. */
#include "exercise.h"

#include <filch/filch.h>
#include <filch/pools.h>

/* exercise: 1: the jobs share a limiter: static filch_limiter *limiter; */
static filch_limiter *limiter;
/* end */

static int make_call(filch_self self, filch_job *job, void *data)
{
    (void)self, (void)job;
    /* exercise: 2: filch_limiter_acquire one permit, while the job's context allows. If that fails, do not call. */
    int rc = filch_limiter_acquire(limiter, 1, filch_job_context(job), FILCH_FOREVER);
    if (!rc)
        call((int)(intptr_t)data);
    return rc;
    /* starter: call((int)(intptr_t)data); */
    /* starter: return 0; */
    /* end */
}

int call_all(int calls)
{
    filch_pool *pool = NULL;
    /* exercise: 3: filch_limiter_create, with RATE and BURST, before the pool; filch_limiter_destroy after it. */
    int rc = filch_limiter_create(&limiter, (filch_limit){.rate = RATE, .burst = BURST});
    rc = rc ? rc : filch_pool_create(&pool, &(filch_pool_config){.width = 8});
    /* starter: int rc = filch_pool_create(&pool, &(filch_pool_config){.width = 8}); */
    /* end */
    for (int i = 0; i < calls && !rc; i++)
        rc = FILCH_SUBMIT(pool, make_call, (void *)(intptr_t)i);
    int ended = filch_pool_destroy(pool);
    filch_limiter_destroy(limiter); /* solution */
    return rc ? rc : ended;
}
