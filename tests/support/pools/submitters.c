/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/platform/lock.h>
#include <runtime/pool/pool.h>
#include <tests/support/pools.h>
#include <tests/support/test.h>

static void *submits(void *arg)
{
    submitter *it = arg;
    it->rc = filch_pool_submit(NULL, it->pool, succeeds, NULL, NULL, it->until);
    signpost_raise(&it->over);
    return NULL;
}

void submitter_begins_until(submitter *it, filch_pool *pool, int64_t until)
{
    *it = (submitter){.pool = pool, .until = until};
    cr_assert_eq(pthread_create(&it->thread, NULL, submits, it), 0);
}

void submitter_begins(submitter *it, filch_pool *pool)
{
    submitter_begins_until(it, pool, FILCH_FOREVER);
}

void submitter_has_ended(submitter *it, int rc)
{
    pthread_join(it->thread, NULL);
    cr_assert_eq(it->rc, rc);
}

void wait_for_submitters(filch_pool *pool, unsigned count)
{
    unsigned inside = 0;
    while (inside != count) {
        fl_lock(&pool->queue.room.lock);
        inside = pool->queue.room.inside;
        fl_unlock(&pool->queue.room.lock);
        sched_yield();
    }
}

size_t deadlines_of(filch_pool *pool)
{
    fl_lock(&pool->queue.room.lock);
    size_t count = fl_timer_row_count(&pool->deadlines.dues);
    fl_unlock(&pool->queue.room.lock);
    return count;
}
