/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Exercise 1: a basic pool. A solution. */
#include "exercise.h"

#include <filch/filch.h>
#include <filch/pools.h>

/* exercise: 2: a job is a function like this. It gets the house as `data`; let it visit that house.
 *   static int visit_one(filch_self self, filch_job *job, void *data)
 *   {
 *       (void)self, (void)job;
 *       ... (int)(intptr_t)data is the number that was submitted ...
 *       return 0;
 *   } */
static int visit_one(filch_self self, filch_job *job, void *data)
{
    (void)self, (void)job;
    visit((int)(intptr_t)data);
    return 0;
}
/* end */

int visit_all(int count)
{
    /* exercise: 1: create a pool of a width: filch_pool_create(&pool, &(filch_pool_config){...}). */
    filch_pool *pool;
    int rc = filch_pool_create(&pool, &(filch_pool_config){.width = 3});
    if (rc)
        return rc;
    /* end */
    /* exercise: 3: instead: FILCH_SUBMIT(pool, visit_one, (void *)(intptr_t)house). */
    for (int house = 0; house < count && !rc; house++)
        rc = FILCH_SUBMIT(pool, visit_one, (void *)(intptr_t)house);
    /* starter: for (int house = 0; house < count; house++) */
    /* starter:     visit(house); */
    /* end */
    /* exercise: 4: filch_pool_destroy waits until all jobs have ended. Return its result. */
    int ended = filch_pool_destroy(pool);
    return rc ? rc : ended;
    /* starter: return 0; */
    /* end */
}
