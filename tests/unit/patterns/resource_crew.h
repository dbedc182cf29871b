/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Members that queue for a test's resources, one after the other. */
#ifndef TESTS_RESOURCE_CREW_H
#define TESTS_RESOURCE_CREW_H

#include <tests/support/patterns.h>
#include <tests/support/tasks.h>

enum { MS = 1000000 };

static resource_source from;

/* Until the pool says so. */
#define WAIT_FOR(pool, condition)                                                                  \
    for (filch_resource_pool_stats now = resources_stats(pool); !(condition);                      \
         now = resources_stats(pool))                                                              \
    sched_yield()

static inline filch_resource *acquired(filch_resource_pool *pool)
{
    filch_resource *one = NULL;
    cr_assert_eq(filch_resource_pool_acquire(pool, &one, FILCH_FOREVER), 0, "%s", filch_error());
    return one;
}

enum { QUEUE = 12 };
static struct queue {
    filch_resource_pool *pool;
    filch_u32 turns;
    struct place {
        struct queue *queue;
        uint32_t turn;
        int rc;
    } place[QUEUE];
} queue;

static inline void stand_in_line(void *arg)
{
    struct place *mine = arg;
    filch_resource *one;
    mine->rc = filch_resource_pool_acquire(mine->queue->pool, &one, filch_in(1000 * FILCH_SECOND));
    if (mine->rc)
        return;
    source_enter(&from, one);
    mine->turn = filch_u32_add(&mine->queue->turns, 1, FILCH_ACQ_REL);
    source_leave(one);
    filch_resource_give_back(one, true);
}

#endif
