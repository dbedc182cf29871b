/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Handles: their cost, their life beyond the pool's, and the answers of calls that come too late
 * or wait. */
#include <filch/results.h>

#include <runtime/pool/pool.h>
#include <stdlib.h>
#include <tests/support/pools.h>
#include <tests/support/system.h>
#include <tests/support/test.h>

TestSuite(job_handle, .init = have_fibers);

/* A caller that waited for it would wait forever. */
Test(job_handle, outcome_of_success_takes_no_lock)
{
    filch_pool *pool = pool_of((filch_pool_config){.workers = 1, .width = 1});
    filch_job *job = job_of(pool, succeeds, NULL, NULL);
    OK(filch_job_wait(job, FILCH_FOREVER));
    fl_lock(&pool->queue.room.lock);
    OK(filch_job_wait(job, 0));
    cr_assert_eq(filch_job_outcome(job), FILCH_SUCCEEDED);
    fl_unlock(&pool->queue.room.lock);
    cr_assert_eq(filch_job_cancel(job), -EALREADY);
    filch_job_release(job);
    OK(filch_pool_destroy(pool));
}

static int cancels_itself(filch_self self, filch_job *job, void *data)
{
    return filch_job_cancel(job);
}

Test(job_handle, succeeded_job_keeps_cancelled_context)
{
    filch_pool *pool = pool_of((filch_pool_config){.workers = 1, .width = 1});
    filch_job *job = job_of(pool, cancels_itself, NULL, NULL);
    OK(filch_job_wait(job, FILCH_FOREVER));
    cr_assert_eq(filch_context_cause(filch_job_context(job)), -ECANCELED);
    filch_job_release(job);
    OK(filch_pool_destroy(pool));
}

/* By a handle, from a results list, by both; accepted or refused. The last release frees the
 * pool. */
Test(job_handle, job_answers_after_pool_is_gone)
{
    filch_results *results;
    filch_job *job, *handles[4];
    OK(filch_results_create(&results));
    filch_pool *pool = pool_of((filch_pool_config){.workers = 2, .width = 2});
    for (unsigned i = 0; i < 4; i++) {
        const filch_job_options options = {.results = i & 1 ? results : NULL,
                                           .timeout = i & 2 ? FILCH_SECOND * 3600 : 0};
        OK(filch_pool_submit(&handles[i], pool, succeeds, NULL, &options, FILCH_FOREVER));
    }
    OK(filch_pool_submit(NULL, pool, succeeds, NULL, &(filch_job_options){.results = results},
                         FILCH_FOREVER));
    filch_pool_close(pool);
    cr_assert_eq(filch_pool_submit(&job, pool, succeeds, NULL, NULL, 0), -EPIPE);
    OK(filch_pool_destroy(pool));
    for (unsigned i = 0; i < 4; i++) {
        cr_assert_eq(filch_job_outcome(handles[i]), FILCH_SUCCEEDED);
        cr_assert_eq(filch_context_cause(filch_job_context(handles[i])), 0);
        filch_job_release(handles[i]);
    }
    OK(filch_results_take(results, &job, 0));
    OK(filch_job_wait(job, 0));
    filch_job_release(job);
    cr_assert_eq(filch_results_destroy(results), 0, "with the other two");
}

/* ---- Calls that come too late ---- */

static const filch_pool_config kinds[] = {{.workers = 1}, {.workers = 1, .width = 1}};
enum { KINDS = sizeof kinds / sizeof *kinds };

Test(job_handle, running_job_is_cancelled_once)
{
    for (unsigned i = 0; i < KINDS; i++) {
        gate at = {0};
        filch_pool *pool = pool_of(kinds[i]);
        filch_job *job = job_of(pool, stand_still, &at, NULL);
        signpost_wait(&at.begun, 1);
        OK(filch_job_cancel(job));
        cr_assert_eq(filch_job_cancel(job), -EALREADY);
        signpost_raise(&at.go);
        filch_job_release(job);
        OK(filch_pool_destroy(pool));
    }
}

static int answer;

static void cancels_too_late(filch_job *job, filch_outcome outcome, const filch_failure *why,
                             void *data)
{
    answer = filch_job_cancel(job);
}

Test(job_handle, ended_handleless_job_cannot_be_cancelled)
{
    for (unsigned i = 0; i < KINDS; i++) {
        filch_pool *pool = pool_of(kinds[i]);
        answer = 0;
        cr_assert_eq(FILCH_SUBMIT_AS(pool, fails, NULL, .done = cancels_too_late), 0);
        OK(filch_pool_destroy(pool));
        cr_assert_eq(answer, -EALREADY);
    }
}

Test(job_handle, delayed_job_keeps_new_priority)
{
    static const filch_retry_policy patient = {.attempts = 2,
                                               .base = 3600 * FILCH_SECOND,
                                               .cap = 3600 * FILCH_SECOND};
    stubborn one = {.failures = 9, .code = -EAGAIN};
    filch_pool *pool = pool_of(
        (filch_pool_config){.workers = 1, .width = 1, .order = FILCH_PRIORITY, .retry = &patient});
    filch_job *job = delayed_job(pool, &one);
    OK(filch_job_set_priority(job, 5));
    fl_lock(&pool->queue.room.lock);
    cr_assert_eq(job->priority, 5);
    fl_unlock(&pool->queue.room.lock);
    OK(filch_job_cancel(job));
    filch_job_release(job);
    OK(filch_pool_destroy(pool));
}

/* ---- Calls that wait ---- */

static bool is_waited_for(filch_job *job)
{
    fl_lock(&job->pool->queue.room.lock);
    const bool any = fl_waiters_any(&job->more->waiters);
    fl_unlock(&job->pool->queue.room.lock);
    return any;
}

static int goes_on_when_it_is_waited_for(filch_self self, filch_job *job, void *data)
{
    while (!is_waited_for(job))
        filch_yield(self);
    return 0;
}

Test(job_handle, successful_wait_preserves_last_error)
{
    filch_pool *pool = pool_of((filch_pool_config){.workers = 1, .width = 1});
    filch_job *job = job_of(pool, goes_on_when_it_is_waited_for, NULL, NULL);
    cr_assert_eq(filch_job_wait(NULL, 0), -EINVAL);
    cr_assert_not_null(strstr(filch_error(), "without a job"), "%s", filch_error());
    OK(filch_job_wait(job, FILCH_FOREVER));
    cr_assert_not_null(strstr(filch_error(), "without a job"), "%s", filch_error());
    filch_job_release(job);
    OK(filch_pool_destroy(pool));
}

Test(job_handle, wait_reports_jobs_panic_message)
{
    filch_pool *pool = pool_of((filch_pool_config){.workers = 1, .width = 1});
    filch_job *job = job_of(pool, panics, NULL, NULL);
    cr_assert_eq(filch_job_wait(job, FILCH_FOREVER), -EBADMSG);
    cr_assert_str_eq(filch_error(), "no header");
    filch_job_release(job);
    OK(filch_pool_destroy(pool));
}

Test(job_handle, wait_reports_its_own_timeout)
{
    gate at = {0};
    filch_pool *pool = pool_of((filch_pool_config){.workers = 1, .width = 1});
    filch_job *job = job_of(pool, stand_still, &at, NULL);
    cr_assert_eq(filch_job_wait(job, filch_in(1)), -ETIMEDOUT);
    cr_assert_eq(filch_job_outcome(job), FILCH_UNDECIDED);
    signpost_raise(&at.go);
    OK(filch_job_wait(job, FILCH_FOREVER));
    filch_job_release(job);
    OK(filch_pool_destroy(pool));
}

Test(job_handle, priority_is_settable_without_priority_order)
{
    gate at;
    filch_pool *pool = pool_of((filch_pool_config){.workers = 2, .width = 1});
    block(pool, &at);
    filch_job *job = job_of(pool, succeeds, NULL, NULL);
    OK(filch_job_set_priority(job, 6));
    cr_assert_eq(job->priority, 6);
    OK(filch_job_set_priority(job, 2));
    cr_assert_eq(job->priority, 2);
    signpost_raise(&at.go);
    OK(filch_job_wait(job, FILCH_FOREVER));
    filch_job_release(job);
    OK(filch_pool_destroy(pool));
}

/* Handles that are never released: a library built with FILCH_DEBUG names them at the end. */

enum { HANDLES = 3 };

static filch_job *kept[HANDLES];

static void keep_all(void)
{
    filch_pool *pool;
    const filch_pool_config config = {.name = "mail", .workers = 1, .width = 1};
    CHILD_CHECK(!filch_pool_create(&pool, &config));
    for (int i = 0; i < HANDLES; i++) {
        const filch_job_options named = {.name = i ? "later" : "first letter"};
        CHILD_CHECK(!filch_pool_submit(&kept[i], pool, succeeds, NULL, &named, FILCH_FOREVER));
    }
    CHILD_CHECK(!filch_pool_destroy(pool));
}

static void keep_two(void)
{
    keep_all();
    filch_job_release(kept[1]);
    exit(0);
}

static void keep_none(void)
{
    keep_all();
    for (int i = 0; i < HANDLES; i++)
        filch_job_release(kept[i]);
    exit(0);
}

Test(unreleased, kept_handles_are_named_at_exit)
{
    struct child child;
    child_run(&child, keep_two);
#ifdef FILCH_DEBUG
    const char *said = strstr(child.text, "2 handles of pool mail were not released");
    cr_assert_not_null(said, "%s", child.text);
    cr_assert_not_null(strstr(said, "test_job_handle.c:212 as first letter"), "%s", child.text);
#else
    cr_assert_null(strstr(child.text, "released"), "%s", child.text);
#endif
}

Test(unreleased, released_handles_are_not_named)
{
    struct child child;
    child_run(&child, keep_none);
    cr_assert_null(strstr(child.text, "released"), "%s", child.text);
}
