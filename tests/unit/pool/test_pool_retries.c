/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Jobs that fail: they are tried again, may be stopped while they are delayed, and become letters
 * in the end. */
#include <tests/support/pools.h>
#include <tests/support/test.h>

static filch_retry_policy quick = {.attempts = 4, .base = 1000, .cap = 200000};

static void expect_retries(filch_pool *pool)
{
    static const struct {
        unsigned failures, calls;
        int code;
        filch_outcome outcome;
    } rows[] = {
        {0, 1, -EAGAIN, FILCH_SUCCEEDED}, {1, 2, -EAGAIN, FILCH_SUCCEEDED},
        {3, 4, 0, FILCH_SUCCEEDED},       {4, 4, -EAGAIN, FILCH_FAILED},
        {9, 4, 0, FILCH_PANICKED},        {2, 1, -EINVAL, FILCH_FAILED},
    };
    for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
        stubborn one = {.failures = rows[i].failures, .code = rows[i].code};
        stubborn_run(pool, &one);
        cr_assert_eq(filch_u32_load(&one.calls, FILCH_RELAXED), rows[i].calls, "row %u", i);
        cr_assert_eq(fate_outcome(&one.end), rows[i].outcome, "row %u", i);
        cr_assert_eq(signpost_count(&one.end.dropped), 1);
    }
}

Test(pool_retries, temporary_failure_is_retried)
{
    for (unsigned c = 0; c < CONFIGS; c++) {
        filch_runtime *rt = config_runtime(c, 10000);
        for (unsigned width = 0; width < 3; width++) { /* 0: direct */
            filch_pool_stats stats;
            filch_pool *pool = pool_of(
                (filch_pool_config){.runtime = rt, .width = width, .retry = &quick, .timed = true});
            expect_retries(pool);
            filch_pool_stats_read(pool, &stats, sizeof stats);
            cr_assert_eq(stats.retries, 10);
            cr_assert_eq(stats.delayed + stats.waiting + stats.running, 0);
            OK(filch_pool_destroy(pool));
        }
        OK(filch_runtime_destroy(rt));
    }
}

Test(pool_retries, job_may_have_own_retry_policy)
{
    filch_pool *pool = pool_of((filch_pool_config){.workers = 2});
    stubborn one = {.failures = 2, .code = -EBUSY};
    const filch_retry_policy bad = {.factor = -1};
    cr_assert_eq(FILCH_SUBMIT_AS(pool, fails_for_now, &one, .retry = &bad), -EINVAL);
    cr_assert_eq(FILCH_SUBMIT_AS(pool, fails_for_now, &one, .retry = &quick), 0);
    OK(filch_pool_destroy(pool));
    cr_assert_eq(filch_u32_load(&one.calls, FILCH_RELAXED), 3);
}

static filch_retry_policy patient = {.attempts = FILCH_RETRY_FOR_EVER,
                                     .base = 3600 * FILCH_SECOND,
                                     .cap = 3600 * FILCH_SECOND,
                                     .jitter = FILCH_JITTER_NONE};

static void expect_cancelled(filch_pool *pool, filch_job *job, stubborn *one)
{
    cr_assert_eq(filch_job_wait(job, FILCH_FOREVER), -ECANCELED);
    cr_assert_eq(filch_job_attempts(job), 1);
    filch_job_release(job);
    OK(filch_pool_destroy(pool));
    cr_assert_eq(fate_count(&one->end), 1);
    cr_assert_eq(signpost_count(&one->end.dropped), 1);
}

Test(pool_retries, a_delayed_job_can_be_cancelled)
{
    filch_pool *pool = pool_of((filch_pool_config){.workers = 2, .width = 1, .retry = &patient});
    stubborn one = {.failures = 9, .code = -EAGAIN};
    filch_job *job = delayed_job(pool, &one);
    OK(filch_job_set_priority(job, 3));
    OK(filch_job_cancel(job));
    expect_cancelled(pool, job, &one);
}

Test(pool_retries, shutdown_cancels_delayed_jobs)
{
    filch_pool *pool = pool_of((filch_pool_config){.workers = 2, .retry = &patient});
    stubborn one = {.failures = 9, .code = -EAGAIN};
    filch_job *job = delayed_job(pool, &one);
    cr_assert_eq(filch_pool_shutdown(pool, filch_in(1000)), -ETIMEDOUT);
    expect_cancelled(pool, job, &one);
}

Test(pool_retries, pool_context_ends_delayed_jobs)
{
    filch_context *context;
    filch_pool_stats stats;
    OK(filch_context_create(&context, NULL));
    filch_pool *pool =
        pool_of((filch_pool_config){.workers = 2, .context = context, .retry = &patient});
    stubborn one = {.failures = 9, .code = -EAGAIN};
    cr_assert_eq(FILCH_SUBMIT(pool, fails_for_now, &one), 0);
    while (!stats_of(pool).delayed)
        ;
    filch_context_cancel(context, -EINTR);
    OK(filch_pool_wait(pool, FILCH_FOREVER));
    filch_pool_stats_read(pool, &stats, sizeof stats);
    cr_assert_eq(stats.outcomes[FILCH_CANCELLED], 1);
    OK(filch_pool_destroy(pool));
    filch_context_release(context);
}

/* ---- Dead letters ---- */

Test(pool_retries, permanent_failure_becomes_dead_letter)
{
    for (unsigned c = 0; c < CONFIGS; c++) {
        filch_dead_letter_queue *letters;
        filch_dead_letter *letter;
        filch_runtime *rt = config_runtime(c, 10000);
        OK(filch_dead_letter_queue_create(&letters, NULL));
        filch_pool *pool = pool_of((filch_pool_config){
            .runtime = rt, .width = c % 3, .retry = &quick, .dead_letters = letters});
        stubborn good = {.failures = 1, .code = -EAGAIN}, bad = {.failures = 9, .code = 0};
        stubborn_run(pool, &good);
        stubborn_run(pool, &bad);
        cr_assert_eq(fate_outcome(&good.end), FILCH_SUCCEEDED);
        cr_assert_eq(fate_outcome(&bad.end), FILCH_DEAD_LETTERED);
        cr_assert_eq(bad.end.why.code, -EAGAIN);
        cr_assert_eq(signpost_count(&bad.end.without), 1);
        OK(filch_pool_destroy(pool));
        cr_assert_eq(signpost_count(&bad.end.dropped), 0);
        OK(filch_dead_letter_queue_next(letters, 0, &letter));
        cr_assert_eq(letter->data, &bad);
        cr_assert_eq(letter->attempts, 4);
        cr_assert_str_eq(letter->name, "fails_for_now");
        cr_assert_str_eq(letter->failure.message, "attempt 4");
        filch_dead_letter_release(letter);
        filch_dead_letter_queue_destroy(letters);
        cr_assert_eq(signpost_count(&bad.end.dropped), 1);
        OK(filch_runtime_destroy(rt));
    }
}
