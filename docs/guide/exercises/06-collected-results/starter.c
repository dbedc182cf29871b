/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Exercise 6: collected results. Here each job writes into a notebook that is not its own.
 *
 *   cc starter.c check.c $(pkg-config --cflags --libs filch) -o check && ./check */
#include "exercise.h"

#include <filch/filch.h>
#include <filch/pools.h>

typedef struct result {
    int sensor;
    long value;
} result;

/* TODO 1: the jobs need a channel to the collector; room for 8 in it will do. */

static int measure_one(filch_self self, filch_job *job, void *data)
{
    (void)self, (void)job;
    int sensor = (int)(intptr_t)data;
    result one = {sensor, measure(sensor)};
    note(one.sensor, one.value); /* TODO 2: instead, return filch_channel_send of it */
    return 0;
}

int collect(int sensors)
{
    filch_pool *pool;
    /* TODO 3: filch_channel_create, before the jobs that use it; filch_channel_destroy at the end,
     * after them. */
    int rc = filch_pool_create(&pool, &(filch_pool_config){.width = 4});
    if (rc)
        return rc;
    for (int i = 0; i < sensors && !rc; i++)
        rc = FILCH_SUBMIT(pool, measure_one, (void *)(intptr_t)i);
    /* TODO 4: filch_channel_receive as many results as there are jobs, and note them. */
    int ended = filch_pool_destroy(pool);
    return rc ? rc : ended;
}
