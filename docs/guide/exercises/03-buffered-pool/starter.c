/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Exercise 3: a buffered pool. Here everybody may come in, and the crowd grows and grows.
 *
 *   cc starter.c check.c $(pkg-config --cflags --libs filch) -o check && ./check */
#include "exercise.h"

#include <errno.h>
#include <filch/filch.h>
#include <filch/pools.h>

static int serve_one(filch_self self, filch_job *job, void *data)
{
    (void)self, (void)job;
    serve((int)(intptr_t)data);
    return 0;
}

int serve_crowd(int requests)
{
    filch_pool *pool;
    /* TODO 1: the pool's buffer has room for four (capacity). Try the check: which thread waits
     * for which now? */
    /* TODO 2: when it is full, let it refuse (full). */
    int rc = filch_pool_create(&pool, &(filch_pool_config){.width = 2});
    if (rc)
        return rc;
    for (int request = 0; request < requests && !rc; request++) {
        rc = FILCH_SUBMIT(pool, serve_one, (void *)(intptr_t)request);
        /* TODO 3: -EAGAIN says that it was full: turn this one away, and go on with the next. */
    }
    rush_is_over();
    int ended = filch_pool_destroy(pool);
    return rc ? rc : ended;
}
