/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/pool/order.h>

#include <runtime/core/call.h>
#include <runtime/core/error.h>

#include <errno.h>
#include <stdlib.h>

enum { TURN = 64 }; /* jobs before others of the runtime have their turn */

/* Back to the idle ones if nothing waits, or the pool is narrower now. */
static filch_job *next(filch_pool *pool, fl_runner *me)
{
    fl_after after = {0};
    fl_lock(&pool->room.lock);
    bool may = !fl_pool_is_full(pool, 0) && fl_gate_passes(pool, &after);
    filch_job *job = may ? fl_order_take(pool) : NULL;
    if (job) {
        pool->stats.waiting--;
        fl_job_begin(job);
        fl_gate_pass(pool, job, &after);
        fl_pool_admit(pool, &after);
    } else {
        pool->active--;
        me->next = pool->idle;
        pool->idle = me;
    }
    fl_pool_leave(pool, &after);
    return job;
}

static void run(filch_self self, fl_job *item)
{
    fl_runner *me = (fl_runner *)item;
    filch_pool *pool = me->pool;
    unsigned done = 0;
    for (filch_job *job; (job = next(pool, me));) {
        fl_job_perform(self, job);
        if (++done % TURN == 0)
            filch_yield(self);
    }
}

static fl_runner *make(filch_pool *pool)
{
    fl_runner *one = malloc(sizeof *one);
    if (one)
        *one = (fl_runner){.item = {.kind = FL_JOB_PART, .as.part = run}, .pool = pool};
    return one;
}

int fl_runners_make(filch_pool *pool, unsigned count)
{
    for (bool enough = false; !enough;) {
        fl_runner *one = make(pool);
        if (!one)
            return fl_fail(ENOMEM, "no memory for %u runners; make the pool narrower", count);
        fl_lock(&pool->room.lock);
        enough = pool->made >= count;
        if (!enough) {
            one->next = pool->idle;
            one->made_before = pool->newest;
            pool->idle = pool->newest = one;
            pool->made++;
        }
        fl_unlock(&pool->room.lock);
        if (enough)
            free(one);
    }
    return 0;
}

void fl_pool_rouse(filch_pool *pool, fl_after *after)
{
    if (pool->gate.shut)
        return;
    fl_runner *one = fl_pool_is_full(pool, 1) ? NULL : pool->idle;
    if (!one) {
        fl_elastic_mind(pool);
        return;
    }
    pool->idle = one->next;
    fl_elastic_note(&pool->elastic, ++pool->active);
    fl_after_start(after, &one->item);
}

void fl_pool_set_width(filch_pool *pool, unsigned width, fl_after *after)
{
    pool->stats.width = width;
    for (uint64_t waiting = pool->stats.waiting; waiting && !fl_pool_is_full(pool, 1); waiting--)
        fl_pool_rouse(pool, after);
}

static int resize_direct(filch_pool *pool, unsigned workers)
{
    if (pool->config.runtime)
        return fl_fail(EINVAL,
                       "pool %s has no width, and shares its workers; create it with a width, or "
                       "call filch_runtime_resize",
                       pool->config.name);
    fl_lock(&pool->room.lock);
    int rc = fl_workers_make(pool, workers, pool->spares);
    fl_unlock(&pool->room.lock);
    return rc;
}

int filch_pool_resize(filch_pool *pool, unsigned width)
{
    if (!pool)
        return fl_fail(EINVAL, "filch_pool_resize without a pool; give it one");
    if (!width || width > FILCH_WIDTH_MAX)
        return fl_fail(EINVAL, "pool %s is to be %u jobs wide; 1 to %d are possible",
                       pool->config.name, width, FILCH_WIDTH_MAX);
    if (pool->direct.tallies)
        return resize_direct(pool, width);
    if (pool->config.adaptive)
        return fl_fail(EINVAL, "pool %s is adaptive: its width finds itself", pool->config.name);
    if (pool->elastic.most)
        return fl_elastic_resize(pool, width);
    int rc = fl_runners_make(pool, width + pool->config.spares);
    if (rc)
        return rc;
    fl_after after = {0};
    fl_lock(&pool->room.lock);
    fl_pool_set_width(pool, width, &after);
    fl_pool_leave(pool, &after);
    return 0;
}
