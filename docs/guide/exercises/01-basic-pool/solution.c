/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Exercise 1: a basic pool. A solution. */
#include "exercise.h"

#include <filch/filch.h>
#include <filch/pools.h>

static int visit_one(filch_self self, filch_job *job, void *data)
{
    (void)self, (void)job;
    visit((int)(intptr_t)data);
    return 0;
}

int visit_all(int count)
{
    filch_pool *pool;
    int rc = filch_pool_create(&pool, &(filch_pool_config){.width = 3});
    if (rc)
        return rc;
    for (int house = 0; house < count && !rc; house++)
        rc = FILCH_SUBMIT(pool, visit_one, (void *)(intptr_t)house);
    int ended = filch_pool_destroy(pool);
    return rc ? rc : ended;
}
