/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Exercise 9: rate limiting. This calls as fast as it can.
 *
 *   cc starter.c check.c $(pkg-config --cflags --libs filch) -o check && ./check */
#include "exercise.h"

#include <filch/filch.h>
#include <filch/pools.h>

/* TODO 1: the jobs share a limiter: static filch_limiter *limiter; */

static int make_call(filch_self self, filch_job *job, void *data)
{
    (void)self, (void)job;
    /* TODO 2: filch_limiter_acquire for one permit, for as long as the job's context allows. If that
     * fails, do not call. */
    call((int)(intptr_t)data);
    return 0;
}

int call_all(int calls)
{
    filch_pool *pool;
    /* TODO 3: filch_limiter_create, with RATE and BURST, before the pool; destroy it after the
     * pool. */
    int rc = filch_pool_create(&pool, &(filch_pool_config){.width = 8});
    if (rc)
        return rc;
    for (int i = 0; i < calls && !rc; i++)
        rc = FILCH_SUBMIT(pool, make_call, (void *)(intptr_t)i);
    int ended = filch_pool_destroy(pool);
    return rc ? rc : ended;
}
