/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Exercise 4: a dynamic pool. Somebody looks every millisecond, and does nothing.
 *
 *   cc starter.c check.c $(pkg-config --cflags --libs filch) -o check && ./check */
#include "exercise.h"

/* TODO 1: how wide should the pool be, if so many wait? None: 1. 1 to 10: 1. 11 to 20: 2. ... From
 * 71 on: 8. */
static unsigned wanted(uint64_t waiting)
{
    (void)waiting;
    return 1;
}

int monitor(filch_pool *pool, filch_context *stop)
{
    int rc = 0;
    while (!rc && !filch_context_cause(stop)) {
        filch_pool_stats stats;
        filch_pool_stats_read(pool, &stats, sizeof stats);
        /* TODO 2: if stats.width is not what is wanted for stats.waiting: filch_pool_resize. */
        (void)wanted(stats.waiting);
        filch_context_sleep(stop, FILCH_MILLISECOND);
    }
    return rc;
}
