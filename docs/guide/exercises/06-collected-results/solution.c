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

static filch_channel *results;

static int measure_one(filch_self self, filch_job *job, void *data)
{
    (void)self, (void)job;
    int sensor = (int)(intptr_t)data;
    result one = {sensor, measure(sensor)};
    return filch_channel_send(results, &one);
}

int collect(int sensors)
{
    filch_pool *pool;
    int submitted = 0, rc = filch_channel_create(&results, sizeof(result), 8);
    if (rc)
        return rc;
    rc = filch_pool_create(&pool, &(filch_pool_config){.width = 4});
    if (rc) {
        filch_channel_destroy(results);
        return rc;
    }
    for (int i = 0; i < sensors && !rc; i++) {
        rc = FILCH_SUBMIT(pool, measure_one, (void *)(intptr_t)i);
        submitted += !rc;
    }
    for (int i = 0; i < submitted; i++) { /* each job sends one */
        result one;
        filch_channel_receive(results, &one);
        note(one.sensor, one.value);
    }
    int ended = filch_pool_destroy(pool);
    filch_channel_destroy(results);
    return rc ? rc : ended;
}
