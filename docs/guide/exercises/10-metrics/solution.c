/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Exercise 10: metrics. A solution. */
#include "exercise.h"

#include <filch/filch.h>
#include <filch/observe.h>
#include <filch/pools.h>

static filch_counter *items_packed; /* solution */

static int pack_one(filch_self self, filch_job *job, void *data)
{
    (void)self, (void)job;
    int items = pack((int)(intptr_t)data);
    if (items < 0)
        return items;
    /* exercise: 4: count the items: filch_counter_add. */
    filch_counter_add(items_packed, (uint64_t)items);
    /* end */
    return 0;
}

/* exercise: 3: filch_counter_create; filch_metrics_add with .name, .help, .kind = FILCH_METRIC_COUNTER and .counter. */
static int show(filch_metrics *metrics, filch_pool *pool)
{
    const filch_metric items = {.name = "shop_items_total",
                                .help = "Items that were packed.",
                                .kind = FILCH_METRIC_COUNTER,
                                .counter = items_packed};
    int rc = filch_metrics_add_pool(metrics, pool);
    return rc ? rc : filch_metrics_add(metrics, &items);
}
/* end */

int pack_all(int orders)
{
    filch_pool *pool = NULL;
    /* exercise: 1: the pool has no name yet, and takes no times (timed). */
    filch_pool_config config = {.name = "packing", .width = 2, .timed = true};
    /* end */
    /* exercise: 2: filch_metrics_create; filch_metrics_add_pool. The metric of TODO 3 comes before the jobs, which use it. */
    filch_metrics *metrics = NULL;
    int rc = filch_counter_create(&items_packed);
    if (!rc)
        rc = filch_metrics_create(&metrics);
    if (!rc)
        rc = filch_pool_create(&pool, &config);
    if (!rc)
        rc = show(metrics, pool);
    /* starter: int rc = filch_pool_create(&pool, &(filch_pool_config){.width = 2}); */
    /* end */
    for (int i = 0; i < orders && !rc; i++)
        rc = FILCH_SUBMIT(pool, pack_one, (void *)(intptr_t)i);
    int waited = filch_pool_wait(pool, FILCH_FOREVER);
    /* exercise: 5: filch_metrics_write(metrics, publish, NULL). Then destroy: first the registry, then what it shows. */
    if (!rc && !waited)
        rc = filch_metrics_write(metrics, publish, NULL);
    filch_metrics_destroy(metrics);
    /* end */
    int ended = filch_pool_destroy(pool);
    filch_counter_destroy(items_packed); /* solution */
    return rc ? rc : waited ? waited : ended;
}
