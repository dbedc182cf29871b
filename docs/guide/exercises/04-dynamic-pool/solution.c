/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Exercise 4: a dynamic pool. A solution. */
#include "exercise.h"

/* exercise: 1: the width for this number of waiting jobs. 0 to 10: 1. 11 to 20: 2. ... From 71 on: 8. */
enum { NARROWEST = 1, WIDEST = 8, JOBS_EACH = 10 };

static unsigned wanted(uint64_t waiting)
{
    uint64_t width = (waiting + JOBS_EACH - 1) / JOBS_EACH;
    if (width < NARROWEST)
        return NARROWEST;
    return width > WIDEST ? WIDEST : (unsigned)width;
}
/* starter: static unsigned wanted(uint64_t waiting) */
/* starter: { */
/* starter:     (void)waiting; */
/* starter:     return 1; */
/* starter: } */
/* end */

int monitor(filch_pool *pool, filch_context *stop)
{
    int rc = 0;
    while (!rc && !filch_context_cause(stop)) {
        filch_pool_stats stats;
        filch_pool_stats_read(pool, &stats, sizeof stats);
        /* exercise: 2: if stats.width is not the wanted one for stats.waiting: filch_pool_resize. */
        unsigned width = wanted(stats.waiting);
        if (width != stats.width)
            rc = filch_pool_resize(pool, width);
        /* starter: (void)wanted(stats.waiting); */
        /* end */
        filch_context_sleep(stop, FILCH_MILLISECOND);
    }
    return rc;
}
