/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Exercise 12: cancellation. A solution. */
#include "exercise.h"

static int serve_one(filch_self self, filch_job *job, void *data)
{
    (void)self;
    return serve(filch_job_context(job), (int)(intptr_t)data);
}

int serve_until(filch_context *stop, int64_t patience)
{
    filch_pool *pool;
    /* exercise: 1: everything below `stop` is cancelled with it. Should the jobs be? */
    int rc = filch_pool_create(&pool, &(filch_pool_config){.width = 4}); /* not below `stop` */
    /* starter: int rc = filch_pool_create(&pool, &(filch_pool_config){.width = 4, .context = stop}); */
    /* end */
    if (rc)
        return rc;
    while (!rc && !filch_context_cause(stop))
        rc = FILCH_SUBMIT(pool, serve_one, (void *)(intptr_t)next_request());
    /* exercise: 2: the end, with patience: filch_pool_shutdown waits until filch_in(...), then cancels the rest.
     * What does it return? */
    int in_time = filch_pool_shutdown(pool, filch_in(patience));
    rc = rc ? rc : in_time;
    /* starter: (void)patience; */
    /* starter: filch_pool_shutdown_now(pool); */
    /* end */
    int ended = filch_pool_destroy(pool);
    return rc ? rc : ended;
}
