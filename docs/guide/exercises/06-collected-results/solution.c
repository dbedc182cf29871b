/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Exercise 6: collected results. A solution. */
#include "exercise.h"

#include <filch/filch.h>
#include <filch/pools.h>

typedef struct result {
    int sensor;
    long value;
} result;

/* exercise: 1: the jobs need a channel to the collector; room for 8 in it will do. */
static filch_channel *results;
/* end */

static int measure_one(filch_self self, filch_job *job, void *data)
{
    (void)self, (void)job;
    int sensor = (int)(intptr_t)data;
    result one = {sensor, measure(sensor)};
    /* exercise: 2: instead, return filch_channel_send of it. */
    return filch_channel_send(results, &one);
    /* starter: note(one.sensor, one.value); */
    /* starter: return 0; */
    /* end */
}

int collect(int sensors)
{
    filch_pool *pool = NULL;
    int submitted = 0;
    /* exercise: 3: filch_channel_create, before the jobs that use it; filch_channel_destroy, after them. */
    int rc = filch_channel_create(&results, sizeof(result), 8);
    rc = rc ? rc : filch_pool_create(&pool, &(filch_pool_config){.width = 4});
    /* starter: int rc = filch_pool_create(&pool, &(filch_pool_config){.width = 4}); */
    /* end */
    for (; submitted < sensors && !rc; submitted += !rc)
        rc = FILCH_SUBMIT(pool, measure_one, (void *)(intptr_t)submitted);
    /* exercise: 4: filch_channel_receive as many results as there are jobs, and note them. */
    for (int i = 0; i < submitted; i++) { /* each job sends one */
        result one;
        filch_channel_receive(results, &one);
        note(one.sensor, one.value);
    }
    /* end */
    int ended = filch_pool_destroy(pool);
    filch_channel_destroy(results); /* solution */
    return rc ? rc : ended;
}
