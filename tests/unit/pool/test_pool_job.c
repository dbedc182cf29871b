/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A job's life: the rows and counts of its pool that it enters and leaves, and its fiber. */
#include <filch/limiter.h>
#include <pthread.h>
#include <runtime/pool/job.h>
#include <runtime/pool/pool.h>
#include <tests/support/pools.h>
#include <tests/support/tasks.h>
#include <tests/support/test.h>

TestSuite(pool_job, .init = have_fibers);

static const int64_t HOUR = 3600 * FILCH_SECOND;

/* Its only runner is busy, and `waiting` waits, so it is full. */
static filch_pool *full_pool(filch_pool_config config, gate *at, filch_job **waiting)
{
    config.workers = config.width = config.capacity = 1;
    filch_pool *pool = pool_of(config);
    block(pool, at);
    *waiting = job_of(pool, succeeds, NULL, NULL);
    return pool;
}

static void end(filch_pool *pool, gate *at, filch_job *waiting)
{
    signpost_raise(&at->go);
    filch_job_release(waiting);
    OK(filch_pool_destroy(pool));
}

/* ---- Refused, or decided while it waits ---- */

Test(pool_job, refused_job_clears_key_and_deadline)
{
    gate at;
    filch_job *waiting;
    filch_pool *pool = full_pool((filch_pool_config){.full = FILCH_FULL_REJECT}, &at, &waiting);
    for (unsigned i = 0; i < 2; i++)
        cr_assert_eq(FILCH_SUBMIT_AS(pool, succeeds, NULL, .key = "one", .timeout = HOUR), -EAGAIN);
    fl_lock(&pool->queue.room.lock);
    cr_assert_eq(fl_timer_row_count(&pool->deadlines.dues), 0);
    cr_assert_null(pool->keys);
    fl_unlock(&pool->queue.room.lock);
    end(pool, &at, waiting);
}

Test(pool_job, cancelled_queued_job_forgets_its_context)
{
    gate at;
    filch_context *apart = child_of(NULL);
    filch_pool *pool = pool_of((filch_pool_config){.workers = 1, .width = 1});
    block(pool, &at);
    filch_job *job = job_of(pool, succeeds, NULL, &(filch_job_options){.context = apart});
    cr_assert_eq(filch_pool_cancel_waiting(pool), 1);
    end(pool, &at, job);
    filch_context_release(apart);
}

typedef struct submission {
    filch_pool *pool;
    int rc;
} submission;

static void *submits(void *arg)
{
    submission *it = arg;
    it->rc = filch_pool_submit(NULL, it->pool, succeeds, NULL, NULL, filch_in(HOUR));
    return NULL;
}

static bool somebody_waits_for_room(filch_pool *pool)
{
    fl_lock(&pool->queue.room.lock);
    const bool any = fl_waiters_any(&pool->queue.room.waiters);
    fl_unlock(&pool->queue.room.lock);
    return any;
}

/* The runner is busy until the submission has returned. */
Test(pool_job, cancelled_queued_job_makes_room_immediately)
{
    gate at;
    filch_job *waiting;
    pthread_t thread;
    submission it = {.pool = full_pool((filch_pool_config){0}, &at, &waiting)};
    cr_assert_eq(pthread_create(&thread, NULL, submits, &it), 0);
    WAIT_WHILE(!somebody_waits_for_room(it.pool));
    OK(filch_job_cancel(waiting));
    pthread_join(thread, NULL);
    cr_assert_eq(it.rc, 0);
    end(it.pool, &at, waiting);
}

/* ---- Permits ---- */

/* Of a direct pool: with a queue, a job that waits for a permit has none. The first has the only one
 * for a thousand seconds. */
Test(pool_job, cancelled_job_gives_permit_back)
{
    filch_limiter *limiter;
    filch_reservation next;
    const filch_limit limit = {.rate = 1, .burst = 1, .period = 1000 * FILCH_SECOND};
    OK(filch_limiter_create(&limiter, limit));
    OK(filch_limiter_allow(limiter, 1));
    filch_pool *pool = pool_of((filch_pool_config){.workers = 1, .limiter = limiter});
    filch_job *job = job_of(pool, succeeds, NULL, NULL);
    WAIT_WHILE(!stats_of(pool).delayed);
    OK(filch_job_cancel(job));
    filch_job_release(job);
    OK(filch_pool_wait(pool, FILCH_FOREVER));
    OK(filch_limiter_reserve(limiter, 1, &next));
    cr_assert_leq(next.at, filch_in(1000 * FILCH_SECOND), "not one later");
    OK(filch_pool_destroy(pool));
    filch_limiter_destroy(limiter);
}

/* ---- In progress ---- */

static int says_whether_its_row_is_empty(filch_self self, filch_job *job, void *empty)
{
    fl_lock(&job->pool->queue.room.lock);
    *(bool *)empty = !job->pool->runners.in_progress.first;
    fl_unlock(&job->pool->queue.room.lock);
    return 0;
}

Test(pool_job, running_plain_job_is_not_listed)
{
    bool empty = false;
    filch_pool *pool = pool_of((filch_pool_config){.workers = 1, .width = 1});
    cr_assert_eq(FILCH_SUBMIT(pool, says_whether_its_row_is_empty, &empty), 0);
    OK(filch_pool_destroy(pool));
    cr_assert(empty);
}

/* Its submitter waits for its outcome, also of a plain one. */
static int goes_on_when_it_is_waited_for(filch_self self, filch_job *job, void *data)
{
    for (bool waited_for = false; !waited_for; filch_yield(self)) {
        fl_lock(&job->pool->queue.room.lock);
        waited_for = fl_waiters_any(&job->more->waiters);
        fl_unlock(&job->pool->queue.room.lock);
    }
    return 0;
}

Test(pool_job, job_beyond_width_counts_until_ended)
{
    gate at;
    filch_pool *pool = pool_of((filch_pool_config){
        .workers = 2, .width = 1, .capacity = FILCH_RENDEZVOUS, .full = FILCH_FULL_RUN});
    block(pool, &at);
    cr_assert_eq(FILCH_SUBMIT(pool, goes_on_when_it_is_waited_for, NULL), 0);
    signpost_raise(&at.go);
    OK(filch_pool_wait(pool, FILCH_FOREVER));
    fl_lock(&pool->queue.room.lock);
    cr_assert_eq(pool->runners.beyond, 0);
    fl_unlock(&pool->queue.room.lock);
    OK(filch_pool_destroy(pool));
}

/* One of two. */
Test(pool_job, full_adaptive_width_counts_as_reached)
{
    gate first = {0}, second = {0};
    const filch_adaptive_config two = {.min = 2, .max = 2};
    filch_pool *pool = pool_of((filch_pool_config){.workers = 2, .adaptive = &two});
    block(pool, &first);
    fl_lock(&pool->queue.room.lock);
    cr_assert(!pool->width.aimd.reached);
    fl_unlock(&pool->queue.room.lock);
    block(pool, &second);
    fl_lock(&pool->queue.room.lock);
    cr_assert(pool->width.aimd.reached);
    fl_unlock(&pool->queue.room.lock);
    signpost_raise(&first.go);
    signpost_raise(&second.go);
    OK(filch_pool_destroy(pool));
}

/* ---- Its fiber ---- */

typedef struct waiter {
    filch_pool *pool;
    int rc;
    signpost over;
} waiter;

static void waits_for_the_pool(filch_self self, void *arg)
{
    waiter *it = arg;
    it->rc = filch_pool_wait(it->pool, FILCH_FOREVER);
    signpost_raise(&it->over);
}

static int waits_within(filch_self self, filch_job *job, void *arg)
{
    waits_for_the_pool(self, arg);
    return 0;
}

static void is_told(filch_job *job, filch_outcome outcome, const filch_failure *why, void *data)
{
}

/* The only worker has one fiber for both. */
Test(pool_job, task_after_callback_is_no_job)
{
    filch_runtime *rt = config_runtime(0, 1000);
    waiter it = {.pool = pool_of((filch_pool_config){.runtime = rt, .width = 1})};
    cr_assert_eq(FILCH_SUBMIT_AS(it.pool, succeeds, NULL, .done = is_told), 0);
    OK(filch_pool_wait(it.pool, FILCH_FOREVER));
    OK(filch_go(rt, waits_for_the_pool, &it));
    signpost_wait(&it.over, 1);
    cr_assert_eq(it.rc, 0);
    OK(filch_pool_destroy(it.pool));
    OK(filch_runtime_destroy(rt));
}

Test(pool_job, job_may_await_other_pools_only)
{
    filch_runtime *rt = config_runtime(0, 1000);
    filch_pool *pool = pool_of((filch_pool_config){.runtime = rt, .width = 1});
    waiter own = {.pool = pool},
           other = {.pool = pool_of((filch_pool_config){.runtime = rt, .width = 1})};
    cr_assert_eq(FILCH_SUBMIT(pool, waits_within, &own), 0);
    cr_assert_eq(FILCH_SUBMIT(pool, waits_within, &other), 0);
    OK(filch_pool_destroy(pool));
    cr_assert_eq(own.rc, -EDEADLK);
    cr_assert_eq(other.rc, 0);
    OK(filch_pool_destroy(other.pool));
    OK(filch_runtime_destroy(rt));
}
