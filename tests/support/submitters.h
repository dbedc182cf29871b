/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Threads that submit one job each, and wait for room in a pool. */
#ifndef SUPPORT_SUBMITTERS_H
#define SUPPORT_SUBMITTERS_H

#include <pthread.h>
#include <runtime/pool/pool.h>
#include <tests/support/pools.h>

typedef struct submission {
    filch_pool *pool;
    int64_t until;
    pthread_t thread;
    signpost over;
    int rc;
} submission;

static inline void *submits(void *arg)
{
    submission *it = arg;
    it->rc = filch_pool_submit(NULL, it->pool, succeeds, NULL, NULL, it->until);
    signpost_raise(&it->over);
    return NULL;
}

static inline void begin_until(submission *it, filch_pool *pool, int64_t until)
{
    *it = (submission){.pool = pool, .until = until};
    cr_assert_eq(pthread_create(&it->thread, NULL, submits, it), 0);
}

static inline void begin(submission *it, filch_pool *pool)
{
    begin_until(it, pool, FILCH_FOREVER);
}

static inline void expect_over(submission *it, int rc)
{
    pthread_join(it->thread, NULL);
    cr_assert_eq(it->rc, rc);
}

/* Until so many wait for room. */
static inline void wait_for_submitters(filch_pool *pool, unsigned count)
{
    unsigned inside = 0;
    while (inside != count) {
        fl_lock(&pool->room.lock);
        inside = pool->room.inside;
        fl_unlock(&pool->room.lock);
        sched_yield();
    }
}

#endif
