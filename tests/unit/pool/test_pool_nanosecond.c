/* SPDX-License-Identifier: MIT OR Apache-2.0
 * test: wraps clock_gettime
 *
 * Jobs at the nanosecond of their deadline, on a clock that this test stops. */
#include <runtime/pool/job.h>
#include <runtime/pool/pool.h>
#include <string.h>
#include <tests/support/pools.h>
#include <tests/support/system.h>
#include <tests/support/tasks.h>
#include <tests/support/test.h>

TestSuite(pool_nanosecond, .init = have_fibers);

static const int64_t HOUR = 3600 * FILCH_SECOND;

static void expect_reason(int64_t before_deadline, const char *says)
{
    gate at = {0};
    fl_after after = {0};
    filch_pool *pool = pool_of((filch_pool_config){.workers = 1, .width = 1});
    filch_job *job =
        job_of(pool, stand_still, &at, &(filch_job_options){.timeout = HOUR, .run_timeout = HOUR});
    signpost_wait(&at.begun, 1);
    fl_lock(&pool->queue.room.lock);
    stop_clock_at(job->more->deadline - before_deadline);
    const bool decided = fl_job_decide(job, FILCH_TIMED_OUT, NULL, &after);
    start_clock();
    fl_pool_leave(pool, &after);
    cr_assert(decided);
    cr_assert_str_eq(filch_job_failure(job)->message, says);
    signpost_raise(&at.go);
    filch_job_release(job);
    OK(filch_pool_destroy(pool));
}

Test(pool_nanosecond, timeout_before_deadline_blames_run_timeout)
{
    expect_reason(1, "it ran for longer than its run_timeout");
}

Test(pool_nanosecond, timeout_at_deadline_blames_deadline)
{
    expect_reason(0, "its deadline passed before it ended");
}

Test(pool_nanosecond, job_is_not_accepted_at_deadline)
{
    filch_job *job;
    fl_after after = {0};
    filch_pool *pool = pool_of((filch_pool_config){.workers = 1, .width = 1});
    cr_assert_eq(fl_job_make(&job, pool, succeeds, NULL, &(filch_job_options){.timeout = HOUR},
                             true),
                 0);
    fl_lock(&pool->queue.room.lock);
    stop_clock_at(job->more->deadline);
    const bool accepted = fl_job_accept(job, &after);
    start_clock();
    fl_pool_leave(pool, &after);
    cr_assert(!accepted);
    cr_assert_eq(filch_job_wait(job, FILCH_FOREVER), -ETIMEDOUT);
    filch_job_release(job);
    OK(filch_pool_destroy(pool));
}
