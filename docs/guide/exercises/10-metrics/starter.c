/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Exercise 10: metrics. This packs, and nobody knows how it goes.
 *
 *   cc starter.c check.c $(pkg-config --cflags --libs filch) -o check && ./check */
#include "exercise.h"

#include <filch/filch.h>
#include <filch/observe.h>
#include <filch/pools.h>

static int pack_one(filch_self self, filch_job *job, void *data)
{
    (void)self, (void)job;
    int items = pack((int)(intptr_t)data);
    if (items < 0)
        return items;
    /* TODO 4: count the items: filch_counter_add. */
    return 0;
}

int pack_all(int orders)
{
    filch_pool *pool;
    /* TODO 1: the pool has no name yet, and takes no times (timed). */
    int rc = filch_pool_create(&pool, &(filch_pool_config){.width = 2});
    if (rc)
        return rc;
    /* TODO 2: filch_metrics_create; filch_metrics_add_pool. */
    /* TODO 3: filch_counter_create; filch_metrics_add with .name, .help, .kind =
     * FILCH_METRIC_COUNTER and .counter. Before the jobs: they use it. */
    for (int i = 0; i < orders && !rc; i++)
        rc = FILCH_SUBMIT(pool, pack_one, (void *)(intptr_t)i);
    int waited = filch_pool_wait(pool, FILCH_FOREVER);
    /* TODO 5: filch_metrics_write(metrics, publish, NULL). Then destroy: first the registry, then
     * what it shows. */
    int ended = filch_pool_destroy(pool);
    return rc ? rc : waited ? waited : ended;
}
