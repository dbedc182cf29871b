/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Deadlines, run timeouts and the pool's context: the earliest counts, and no context is held
 * after its pool. */
#include <runtime/engine/threads.h>
#include <runtime/pool/deadlines.h>
#include <runtime/pool/job.h>
#include <runtime/pool/pool.h>
#include <tests/support/pools.h>
#include <tests/support/test.h>

static const int64_t HOUR = 3600 * FILCH_SECOND;

TestSuite(pool_due, .init = have_fibers);

/* ---- The next one ---- */

static int64_t seen;

static int looks_at_its_deadline(filch_self self, filch_job *job, void *data)
{
    seen = filch_context_deadline(filch_job_context(job));
    return 0;
}

Test(pool_due, infinite_run_timeout_keeps_job_deadline)
{
    filch_pool *pool = pool_of((filch_pool_config){.workers = 2, .width = 1});
    cr_assert_eq(FILCH_SUBMIT_AS(pool, looks_at_its_deadline, NULL, .run_timeout = FILCH_FOREVER,
                                 .timeout = HOUR),
                 0);
    OK(filch_pool_wait(pool, FILCH_FOREVER));
    cr_assert_leq(seen, filch_in(HOUR));
    OK(filch_pool_destroy(pool));
}

/* It does not look at a context, so it has none with a deadline. */
static filch_job *times_out_in(filch_pool *pool, gate *at, int64_t run_timeout)
{
    return job_of(pool, stand_still, at, &(filch_job_options){.run_timeout = run_timeout});
}

Test(pool_due, earlier_run_timeout_fires_first)
{
    gate at = {0};
    filch_pool *pool = pool_of((filch_pool_config){.workers = 2, .width = 2});
    filch_job *later = times_out_in(pool, &at, 50 * FILCH_MILLISECOND);
    signpost_wait(&at.begun, 1);
    filch_job *earlier = times_out_in(pool, &at, FILCH_MILLISECOND);
    cr_assert_eq(filch_job_wait(earlier, FILCH_FOREVER), -ETIMEDOUT);
    cr_assert_eq(filch_job_wait(later, FILCH_FOREVER), -ETIMEDOUT);
    signpost_raise(&at.go);
    filch_job_release(earlier);
    filch_job_release(later);
    OK(filch_pool_destroy(pool));
}

/* ---- While deadlocks are looked for ---- */

static int64_t alarm_of(filch_pool *pool)
{
    fl_lock(&pool->queue.room.lock);
    const int64_t at = pool->alarms[FL_ALARM_DUE].at;
    fl_unlock(&pool->queue.room.lock);
    return at;
}

static void one_ends(filch_pool *pool, const filch_job_options *options)
{
    filch_job *job = job_of(pool, succeeds, NULL, options);
    OK(filch_job_wait(job, FILCH_FOREVER));
    filch_job_release(job);
    OK(filch_pool_wait(pool, FILCH_FOREVER));
}

Test(pool_due, job_without_deadline_makes_no_alarm)
{
    filch_u32_store(&fl_detector_on, FL_DETECTOR_REPORTS, FILCH_RELAXED);
    filch_pool *pool = pool_of((filch_pool_config){.workers = 1, .width = 1});
    one_ends(pool, NULL);
    cr_assert(!fl_alarm_was_made(&pool->alarms[FL_ALARM_DUE]));
    cr_assert_eq(alarm_of(pool), 0);
    OK(filch_pool_destroy(pool));
}

Test(pool_due, alarm_stays_while_deadlines_remain)
{
    gate at = {0};
    const filch_job_options hourly = {.timeout = HOUR};
    filch_u32_store(&fl_detector_on, FL_DETECTOR_REPORTS, FILCH_RELAXED);
    filch_pool *pool = pool_of((filch_pool_config){.workers = 1, .width = 2});
    filch_job *first = job_of(pool, stand_still, &at, &hourly);
    filch_job *second = job_of(pool, succeeds, NULL, &hourly);
    OK(filch_job_wait(second, FILCH_FOREVER));
    cr_assert_leq(alarm_of(pool), filch_in(HOUR));
    signpost_raise(&at.go);
    OK(filch_pool_wait(pool, FILCH_FOREVER));
    cr_assert_eq(alarm_of(pool), FILCH_FOREVER);
    OK(filch_pool_destroy(pool));
    filch_job_release(first);
    filch_job_release(second);
}

/* ---- The pool's context ---- */

Test(pool_due, pool_context_times_out_running_job)
{
    gate at = {0};
    filch_context *above;
    OK(filch_context_create(&above, NULL));
    filch_pool *pool = pool_of((filch_pool_config){.workers = 1, .width = 1, .context = above});
    filch_job *job = job_of(pool, stand_still, &at, NULL);
    signpost_wait(&at.begun, 1);
    OK(filch_context_cancel(above, -ETIMEDOUT));
    cr_assert_eq(filch_job_outcome(job), FILCH_TIMED_OUT);
    cr_assert_eq(stats_of(pool).running, 1, "it goes on");
    signpost_raise(&at.go);
    OK(filch_pool_destroy(pool));
    filch_job_release(job);
    filch_context_release(above);
}

Test(pool_due, ended_pool_stops_watching_its_context)
{
    filch_pool *pool = pool_of((filch_pool_config){.workers = 1, .width = 1});
    filch_context *context = filch_context_retain(pool->context);
    fl_lock(&context->lock);
    cr_assert(fl_waiters_any(&context->waiters));
    fl_unlock(&context->lock);
    OK(filch_pool_destroy(pool));
    cr_assert(!fl_waiters_any(&context->waiters));
    OK(filch_context_cancel(context, 0));
    filch_context_release(context);
}

/* ---- Holds ---- */

static filch_context *held;
static signpost begun;

static int is_cancelled(filch_self self, filch_job *job, void *data)
{
    held = filch_context_retain(filch_job_context(job));
    signpost_raise(&begun);
    return filch_context_wait(held, FILCH_FOREVER);
}

/* The timer thread, or the shutdown, may be about to release it. */
static void wait_until_nobody_else_holds_it(void)
{
    WAIT_WHILE(filch_u32_load(&held->users, FILCH_ACQUIRE) > 1);
    filch_context_release(held);
}

Test(pool_due, overrun_jobs_context_is_released)
{
    filch_context *apart;
    OK(filch_context_create(&apart, NULL));
    filch_pool *pool = pool_of((filch_pool_config){.workers = 1, .width = 1});
    while (!signpost_count(&begun)) { /* else it timed out before it began */
        cr_assert_eq(FILCH_SUBMIT_AS(pool, is_cancelled, NULL, .context = apart,
                                     .run_timeout = FILCH_MILLISECOND),
                     0);
        OK(filch_pool_wait(pool, FILCH_FOREVER));
    }
    OK(filch_pool_destroy(pool));
    wait_until_nobody_else_holds_it();
    filch_context_release(apart);
}

Test(pool_due, contexts_cancelled_by_shutdown_are_released)
{
    filch_context *apart;
    OK(filch_context_create(&apart, NULL));
    filch_pool *pool = pool_of((filch_pool_config){.workers = 1, .width = 1});
    cr_assert_eq(FILCH_SUBMIT_AS(pool, is_cancelled, NULL, .context = apart), 0);
    signpost_wait(&begun, 1);
    cr_assert_eq(filch_pool_shutdown_now(pool), 0);
    OK(filch_pool_destroy(pool));
    wait_until_nobody_else_holds_it();
    filch_context_release(apart);
}

Test(pool_due, timely_shutdown_leaves_pool_closed)
{
    filch_pool *pool = pool_of((filch_pool_config){.workers = 1, .width = 1});
    OK(filch_pool_shutdown(pool, FILCH_FOREVER));
    cr_assert_eq(FILCH_SUBMIT(pool, succeeds, NULL), -EPIPE);
    OK(filch_pool_destroy(pool));
}

/* ---- Room ---- */

enum { MANY = 5000 };

static size_t room_of(filch_pool *pool)
{
    fl_lock(&pool->queue.room.lock);
    size_t room = pool->deadlines.run_dues.room;
    fl_unlock(&pool->queue.room.lock);
    return room;
}

Test(pool_due, run_timeout_storage_is_given_back)
{
    gate at;
    filch_pool *pool = pool_of((filch_pool_config){.workers = 2, .width = 1});
    block(pool, &at);
    for (unsigned i = 0; i < MANY; i++)
        cr_assert_eq(FILCH_SUBMIT_AS(pool, succeeds, NULL, .run_timeout = HOUR), 0);
    cr_assert_geq(room_of(pool), MANY);
    signpost_raise(&at.go);
    OK(filch_pool_wait(pool, FILCH_FOREVER));
    cr_assert_eq(room_of(pool), 0);
    OK(filch_pool_destroy(pool));
}

/* ---- Jobs not yet accepted ---- */

Test(pool_due, deadline_leaves_unaccepted_job_undecided)
{
    filch_job *job;
    filch_pool *pool = pool_of((filch_pool_config){.workers = 1, .width = 1});
    cr_assert_eq(fl_job_make(&job, pool, succeeds, NULL, &(filch_job_options){.timeout = 1}, false),
                 0);
    fl_lock(&pool->queue.room.lock);
    cr_assert_eq(fl_due_enter(job), 0);
    fl_unlock(&pool->queue.room.lock);
    WAIT_WHILE(deadlines_of(pool));
    fl_lock(&pool->queue.room.lock);
    cr_assert_eq(job->stage, FL_JOB_NEW);
    cr_assert_eq(job->outcome, FILCH_UNDECIDED);
    fl_unlock(&pool->queue.room.lock);
    fl_job_give_up(job);
    OK(filch_pool_destroy(pool));
}
