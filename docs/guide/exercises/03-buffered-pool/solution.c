/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Exercise 3: a buffered pool. A solution. */
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
    /* exercise: 1: the buffer has room for four (capacity). Try the check: which thread waits for which?
     * 2: a full pool refuses (full). */
    filch_pool_config config = {.width = 2, .capacity = 4, .full = FILCH_FULL_REJECT};
    /* starter: filch_pool_config config = {.width = 2}; */
    /* end */
    int rc = filch_pool_create(&pool, &config);
    if (rc)
        return rc;
    for (int request = 0; request < requests && !rc; request++) {
        rc = FILCH_SUBMIT(pool, serve_one, (void *)(intptr_t)request);
        /* exercise: 3: -EAGAIN: the pool was full. Turn this one away, and go on with the next. */
        if (rc == -EAGAIN) {
            turn_away(request);
            rc = 0;
        }
        /* end */
    }
    rush_is_over();
    int ended = filch_pool_destroy(pool);
    return rc ? rc : ended;
}
