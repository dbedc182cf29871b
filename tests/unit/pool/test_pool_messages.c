/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The messages of jobs' failures that resilience objects caused. */
#include <errno.h>
#include <string.h>
#include <tests/support/pools.h>
#include <tests/support/test.h>

static int is_busy(filch_self self, filch_job *job, void *unused)
{
    return -EBUSY;
}

static filch_job *submit(filch_pool *pool, int64_t timeout)
{
    filch_job *job = NULL;
    const filch_job_options options = {.name = "letter", .timeout = timeout};
    cr_assert_eq(filch_pool_submit(&job, pool, is_busy, NULL, &options, FILCH_FOREVER), 0, "%s",
                 filch_error());
    return job;
}

static void expect_message(filch_job *job, filch_outcome outcome, const char *says)
{
    filch_job_wait(job, FILCH_FOREVER);
    cr_assert_eq(filch_job_outcome(job), outcome, "%d", (int)filch_job_outcome(job));
    cr_assert_str_eq(filch_job_failure(job)->message, says);
    filch_job_release(job);
}

static const filch_retry_policy hourly = {.base = 3600 * FILCH_SECOND,
                                          .cap = 3600 * FILCH_SECOND,
                                          .jitter = FILCH_JITTER_NONE};

/* width 0: direct. */
static void expect_no_permit(unsigned width)
{
    filch_limiter *limiter;
    const filch_limit hourly_permit = {.rate = 1, .burst = 1, .period = 3600 * FILCH_SECOND};
    OK(filch_limiter_create(&limiter, hourly_permit));
    OK(filch_limiter_allow(limiter, 1));
    filch_pool *pool =
        pool_of((filch_pool_config){.workers = 1, .width = width, .limiter = limiter});
    expect_message(submit(pool, 600 * FILCH_SECOND), FILCH_TIMED_OUT,
                   "no permit before its deadline");
    OK(filch_pool_destroy(pool));
    filch_limiter_destroy(limiter);
}

Test(pool_messages, late_permit_is_given_as_reason)
{
    expect_no_permit(0);
    expect_no_permit(1);
}

Test(pool_messages, cancel_after_attempt_says_between_attempts)
{
    filch_pool_stats stats;
    filch_pool *pool = pool_of((filch_pool_config){.workers = 1, .width = 1, .retry = &hourly});
    filch_job *job = submit(pool, 0);
    do
        filch_pool_stats_read(pool, &stats, sizeof stats);
    while (!stats.delayed);
    OK(filch_job_cancel(job));
    expect_message(job, FILCH_CANCELLED, "it was cancelled between attempts");
    OK(filch_pool_destroy(pool));
}

Test(pool_messages, cancel_before_first_attempt_says_so)
{
    gate at = {0};
    filch_pool *pool = pool_of((filch_pool_config){.workers = 1, .width = 1, .retry = &hourly});
    cr_assert_eq(FILCH_SUBMIT(pool, stand_still, &at), 0);
    signpost_wait(&at.begun, 1);
    filch_job *job = submit(pool, 0);
    OK(filch_job_cancel(job));
    expect_message(job, FILCH_CANCELLED, "it was cancelled before it began");
    signpost_raise(&at.go);
    OK(filch_pool_destroy(pool));
}

static void expect_given_up(const filch_retry_policy *retry, int64_t timeout, const char *why)
{
    char says[104];
    filch_pool *pool = pool_of((filch_pool_config){.workers = 1, .retry = retry});
    snprintf(says, sizeof says, "%s%s", strerror(EBUSY), why);
    expect_message(submit(pool, timeout), FILCH_FAILED, says);
    OK(filch_pool_destroy(pool));
}

Test(pool_messages, abandoned_retry_gives_its_reason)
{
    filch_retry_budget none = {0};
    const filch_retry_policy last = {.attempts = 1}, poor = {.budget = &none, .base = 1};
    expect_given_up(&hourly, 600 * FILCH_SECOND, "; no time for another attempt");
    expect_given_up(&poor, 0, "; no budget for another attempt");
    expect_given_up(&last, 0, "");
}

static int says_much(filch_self self, filch_job *job, void *unused)
{
    static const char stars[] = "********************************************************";
    FILCH_PANIC(-EBUSY, "%s%s", stars, stars);
}

Test(pool_messages, and_truncates_earlier_text)
{
    filch_job *job;
    filch_pool *pool = pool_of((filch_pool_config){.workers = 1, .retry = &hourly});
    const filch_job_options options = {.timeout = 600 * FILCH_SECOND};
    OK(filch_pool_submit(&job, pool, says_much, NULL, &options, 0));
    filch_job_wait(job, FILCH_FOREVER);
    const char *message = filch_job_failure(job)->message;
    cr_assert_eq(strlen(message), sizeof filch_job_failure(job)->message - 1);
    cr_assert_not_null(strstr(message, "***; no time for another attempt"));
    filch_job_release(job);
    OK(filch_pool_destroy(pool));
}
