/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The end of a pool, or of a wait for it. CloseDirect is an edge of runtime/pool/direct.h. */
#include <runtime/pool/shutdown.h>

#include <runtime/engine/fiber.h>
#include <runtime/engine/inbox.h>
#include <runtime/platform/container.h>
#include <runtime/platform/error.h>
#include <runtime/platform/given.h>
#include <runtime/platform/lock.h>
#include <runtime/pool/direct.h>
#include <runtime/pool/job.h>
#include <runtime/pool/order.h>
#include <runtime/pool/pool.h>
#include <runtime/sync/object_timer.h>
#include <runtime/sync/wait.h>

#include <errno.h>

void filch_pool_close(filch_pool *pool)
{
    FL_MUST_LIVE(pool);
    fl_pool_lock(pool);
    filch_u32_store(&pool->closed, 1, FILCH_RELAXED); /* CloseDirect; relaxed: fence, lock */
    fl_direct_fence(pool);
    fl_after after = {0};
    fl_pool_turn_away(pool, &after);
    after.told = fl_waiters_claim_all(&pool->rest.closers, after.told);
    fl_pool_leave(pool, &after);
}

static int await_rest(const char *call, filch_pool *pool, int64_t until, fl_wait_how how)
{
    fl_lock(&pool->queue.room.lock);
    if (fl_pool_at_rest(pool)) {
        fl_unlock(&pool->queue.room.lock);
        return 0;
    }
    fl_waits_in(call, pool);
    return fl_wait_at(how, &pool->queue.room.lock, &pool->rest.waiters, NULL, until);
}

int fl_pool_wait(const char *call, filch_pool *pool, int64_t until)
{
    return await_rest(call, pool, until, 0);
}

int filch_pool_wait(filch_pool *pool, int64_t until)
{
    FL_MAY_LIVE(pool);
    if (!pool)
        return fl_fail(EINVAL, "filch_pool_wait without a pool; pass one");
    if (fl_job_here(pool))
        return fl_fail(EDEADLK, "a job of pool %s waits for the end of all its jobs; let it return",
                       pool->config.name);
    return await_rest("filch_pool_wait", pool, until, FL_WAIT_CANCELLABLE);
}

/* One of those in progress whose context is not below the pool's, and is not done; held. */
static filch_context *next_to_cancel(filch_pool *pool)
{
    filch_context *found = NULL;
    fl_lock(&pool->queue.room.lock);
    for (filch_job *job = pool->runners.in_progress.first; job && !found; job = job->age.next) {
        filch_context *own = fl_context_of(job);
        if (own && !filch_context_cause(own))
            found = filch_context_retain(own);
    }
    fl_unlock(&pool->queue.room.lock);
    return found;
}

/* Jobs up to that number: a cancelled job may make room for another one, which may enter any row. */
static size_t cancel_row(const fl_row *row, uint64_t newest, fl_after *after)
{
    size_t cancelled = 0;
    for (filch_job *job = row->first, *next; job; job = next) {
        next = job->age.next;
        if (job->id > newest)
            continue;
        fl_job_decide(job, FILCH_CANCELLED, NULL, after);
        cancelled++;
    }
    return cancelled;
}

size_t filch_pool_cancel_waiting(filch_pool *pool)
{
    FL_MUST_LIVE(pool);
    fl_after after = {0};
    fl_pool_lock(pool);
    const uint64_t newest = pool->stats.accepted * fl_direct_stride(&pool->direct);
    size_t cancelled = (size_t)fl_direct_cancel_waiting(pool);
    cancelled += cancel_row(&pool->order.delayed, newest, &after);
    for (unsigned i = 0; fl_order_row(pool, i); i++)
        cancelled += cancel_row(fl_order_row(pool, i), newest, &after);
    fl_pool_leave(pool, &after);
    return cancelled;
}

/* A job in progress may be delayed until the pool's context is done, and not after that: so waiting
 * jobs are cancelled once more. */
size_t filch_pool_shutdown_now(filch_pool *pool)
{
    FL_MUST_LIVE(pool);
    filch_pool_close(pool);
    size_t cancelled = filch_pool_cancel_waiting(pool);
    filch_context_cancel(pool->context, -ECANCELED);
    filch_pool_cancel_waiting(pool);
    for (filch_context *one; (one = next_to_cancel(pool));) {
        filch_context_cancel(one, -ECANCELED);
        filch_context_release(one);
    }
    return cancelled;
}

/* ---- At a time, without waiting for it ---- */

static void shut_down(filch_self self, fl_work_item *job)
{
    static const filch_task task = {NULL, "(a pool's shutdown)"};
    filch_pool *pool = FL_CONTAINER_OF(job, filch_pool, alarms[FL_ALARM_SHUTDOWN].work_item);
    fl_fiber_of(self)->running.root = &task;
    filch_pool_shutdown_now(pool);
    fl_lock(&pool->queue.room.lock);
    fl_alarm_answer(&pool->alarms[FL_ALARM_SHUTDOWN], FILCH_FOREVER);
    fl_pool_leave(pool, &(fl_after){0});
}

/* The earliest of these times counts. */
static int shut_down_at(filch_pool *pool, int64_t until)
{
    fl_alarm *alarm = &pool->alarms[FL_ALARM_SHUTDOWN];
    int rc = 0;
    fl_lock(&pool->queue.room.lock);
    if (!fl_alarm_was_made(alarm))
        rc = fl_alarm_init(alarm, pool->rt, shut_down);
    if (!rc)
        fl_alarm_set(alarm, until);
    fl_unlock(&pool->queue.room.lock);
    return rc;
}

static int shut_down_from_within(filch_pool *pool, int64_t until)
{
    int rc = until == FILCH_FOREVER ? 0 : shut_down_at(pool, until);
    return rc ? rc
              : fl_fail(EDEADLK,
                        "pool %s is closed and shutting down; its own jobs cannot wait for that, "
                        "let this one return",
                        pool->config.name);
}

int filch_pool_shutdown(filch_pool *pool, int64_t until)
{
    FL_MAY_LIVE(pool);
    if (!pool)
        return fl_fail(EINVAL, "filch_pool_shutdown without a pool; pass one");
    if (until < 0)
        return fl_fail(EINVAL, "filch_pool_shutdown until %lld; give a time from filch_in()",
                       (long long)until);
    filch_pool_close(pool);
    if (fl_job_here(pool))
        return shut_down_from_within(pool, until);
    int rc = fl_pool_wait("filch_pool_shutdown", pool, until);
    if (rc != -ETIMEDOUT)
        return rc;
    filch_pool_shutdown_now(pool);
    rc = fl_pool_wait("filch_pool_shutdown", pool, FILCH_FOREVER);
    return rc ? rc
              : fl_fail(ETIMEDOUT,
                        "pool %s has ended, but the deadline passed first and the remaining jobs "
                        "were cancelled; give it a later one to let them finish",
                        pool->config.name);
}
