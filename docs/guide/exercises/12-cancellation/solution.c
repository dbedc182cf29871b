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
    int rc = filch_pool_create(&pool, &(filch_pool_config){.width = 4}); /* not below `stop` */
    if (rc)
        return rc;
    while (!rc && !filch_context_cause(stop))
        rc = FILCH_SUBMIT(pool, serve_one, (void *)(intptr_t)next_request());
    int in_time = filch_pool_shutdown(pool, filch_in(patience));
    int ended = filch_pool_destroy(pool);
    return rc ? rc : in_time ? in_time : ended;
}
