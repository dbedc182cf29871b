/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Exercise 10: metrics. A solution. */
#include "exercise.h"

#include <filch/filch.h>
#include <filch/observe.h>
#include <filch/pools.h>

static filch_counter *items_packed;

static int pack_one(filch_self self, filch_job *job, void *data)
{
    (void)self, (void)job;
    int items = pack((int)(intptr_t)data);
    if (items < 0)
        return items;
    filch_counter_add(items_packed, (uint64_t)items);
    return 0;
}

static int show(filch_metrics *metrics, filch_pool *pool)
{
    const filch_metric items = {.name = "shop_items_total",
                                .help = "Items that were packed.",
                                .kind = FILCH_METRIC_COUNTER,
                                .counter = items_packed};
    int rc = filch_metrics_add_pool(metrics, pool);
    return rc ? rc : filch_metrics_add(metrics, &items);
}

static int pack_and_publish(filch_pool *pool, filch_metrics *metrics, int orders)
{
    int rc = show(metrics, pool);
    for (int i = 0; i < orders && !rc; i++)
        rc = FILCH_SUBMIT(pool, pack_one, (void *)(intptr_t)i);
    int waited = filch_pool_wait(pool, FILCH_FOREVER);
    if (!rc && !waited)
        rc = filch_metrics_write(metrics, publish, NULL);
    return rc ? rc : waited;
}

int pack_all(int orders)
{
    filch_pool_config config = {.name = "packing", .width = 2, .timed = true};
    filch_pool *pool = NULL;
    filch_metrics *metrics = NULL;
    int rc = filch_counter_create(&items_packed);
    if (!rc)
        rc = filch_metrics_create(&metrics);
    if (!rc)
        rc = filch_pool_create(&pool, &config);
    if (!rc)
        rc = pack_and_publish(pool, metrics, orders);
    filch_metrics_destroy(metrics);
    int ended = filch_pool_destroy(pool);
    filch_counter_destroy(items_packed);
    return rc ? rc : ended;
}
