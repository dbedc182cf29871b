/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Jobs that a breaker refuses, or cannot judge. */
#include <tests/support/stubborn.h>

Test(pool_breaker, an_open_breaker_refuses_jobs)
{
    filch_breaker *breaker;
    filch_breaker_stats stats;
    cr_assert_eq(filch_breaker_create(&breaker, &(filch_breaker_config){.consecutive = 3}), 0);
    filch_pool *pool = pool_of((filch_pool_config){.workers = 2, .breaker = breaker});
    for (unsigned i = 0; i < 5; i++) {
        stubborn one = {.failures = 9, .code = i & 1 ? 0 : -EIO};
        run_one(pool, &one);
        cr_assert_eq(filch_u32_load(&one.calls, FILCH_RELAXED), i < 3);
        cr_assert_eq(fate_outcome(&one.end), i == 1 ? FILCH_PANICKED : FILCH_FAILED);
        cr_assert_eq(one.end.why.code, i >= 3 ? -EHOSTDOWN : i == 1 ? -EAGAIN : -EIO);
    }
    filch_breaker_stats_read(breaker, &stats, sizeof stats);
    cr_assert_eq(stats.refused, 2);
    cr_assert_eq(stats.failed, 3);
    cr_assert_eq(filch_pool_destroy(pool), 0);
    filch_breaker_destroy(breaker);
}

static filch_breaker_verdict judges_by_panic(int code, void *arg)
{
    (void)code, (void)arg;
    FILCH_PANIC(-EBADMSG, "no verdict");
}

static filch_u32 panics_reported;

static void count_panic(const filch_failure *failure)
{
    if (failure->code == -EBADMSG)
        filch_u32_add(&panics_reported, 1, FILCH_RELAXED);
}

Test(pool_breaker, a_policy_that_panics_ends_no_worker)
{
    filch_panic_handler *before = filch_set_panic_handler(count_panic);
    filch_breaker *breaker;
    cr_assert_eq(filch_breaker_create(&breaker, &(filch_breaker_config){.judge = judges_by_panic}),
                 0);
    filch_pool *pool = pool_of((filch_pool_config){.workers = 2, .breaker = breaker});
    stubborn one = {0};
    run_one(pool, &one);
    cr_assert_eq(fate_outcome(&one.end), FILCH_SUCCEEDED);
    cr_assert_eq(filch_pool_destroy(pool), 0);
    cr_assert_eq(filch_u32_load(&panics_reported, FILCH_RELAXED), 1);
    filch_set_panic_handler(before);
    filch_breaker_destroy(breaker);
}
