/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Exercise 1: a basic pool. This visits one house after the other; three at a time is what it
 * should do.
 *
 *   cc starter.c check.c $(pkg-config --cflags --libs filch) -o check && ./check */
#include "exercise.h"

#include <filch/filch.h>
#include <filch/pools.h>

/* TODO 2: a job is a function like this. It gets the house as `data`; let it visit that house.
 *
 *   static int visit_one(filch_self self, filch_job *job, void *data)
 *   {
 *       (void)self, (void)job;
 *       ... (int)(intptr_t)data is the number that was submitted ...
 *       return 0;
 *   } */

int visit_all(int count)
{
    /* TODO 1: make a pool, and say how wide it is:
     *   filch_pool *pool;
     *   int rc = filch_pool_create(&pool, &(filch_pool_config){...}); */
    for (int house = 0; house < count; house++)
        visit(house); /* TODO 3: instead: FILCH_SUBMIT(pool, visit_one, (void *)(intptr_t)house) */

    /* TODO 4: filch_pool_destroy waits until all jobs have ended. Return its result. */
    return 0;
}
