/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Exercise 12: cancellation. This drops everything when it is told to stop, half done or not.
 *
 *   cc starter.c check.c $(pkg-config --cflags --libs filch) -o check && ./check */
#include "exercise.h"

static int serve_one(filch_self self, filch_job *job, void *data)
{
    (void)self;
    return serve(filch_job_context(job), (int)(intptr_t)data);
}

int serve_until(filch_context *stop, int64_t patience)
{
    filch_pool *pool;
    /* TODO 1: everything below `stop` is cancelled with it. Should the jobs be? */
    int rc = filch_pool_create(&pool, &(filch_pool_config){.width = 4, .context = stop});
    if (rc)
        return rc;
    while (!rc && !filch_context_cause(stop))
        rc = FILCH_SUBMIT(pool, serve_one, (void *)(intptr_t)next_request());
    /* TODO 2: the end, with patience: filch_pool_shutdown(pool, filch_in(...)) waits, and cancels
     * only what is not done by then. What does it return? */
    (void)patience;
    filch_pool_shutdown_now(pool);
    int ended = filch_pool_destroy(pool);
    return rc ? rc : ended;
}
