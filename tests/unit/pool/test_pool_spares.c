/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Spares for jobs that do not return, where others than runners run the jobs. */
#include <sched.h>
#include <tests/support/pools.h>
#include <tests/support/test.h>

static filch_u32 reports;

static void report(const filch_stuck *one, void *unused)
{
    filch_u32_add(&reports, 1, FILCH_RELEASE);
}

/* It is in progress as far as its submitter is concerned, but no worker has come to it. */
Test(pool_spares, unbegun_extra_job_is_not_stuck)
{
    gate at = {0};
    filch_pool *pool = pool_of((filch_pool_config){.workers = 1,
                                                   .width = 1,
                                                   .capacity = 1,
                                                   .full = FILCH_FULL_RUN,
                                                   .stuck_after = FILCH_MILLISECOND,
                                                   .stuck = report});
    cr_assert_eq(FILCH_SUBMIT(pool, hog, &at), 0);
    signpost_wait(&at.begun, 1);
    cr_assert_eq(FILCH_SUBMIT(pool, succeeds, NULL), 0);
    cr_assert_eq(FILCH_SUBMIT_AS(pool, succeeds, NULL, .timeout = FILCH_MILLISECOND), 0);
    filch_sleep(20 * FILCH_MILLISECOND);
    signpost_raise(&at.go);
    OK(filch_pool_destroy(pool));
    cr_assert_eq(filch_u32_load(&reports, FILCH_ACQUIRE), 0);
}

static int fail(filch_self self, filch_job *job, void *tries)
{
    filch_u32_add(tries, 1, FILCH_RELAXED);
    return -EAGAIN;
}

/* A spare is a worker; that jobs are tried again puts none of them into the inbox twice. */
Test(pool_spares, direct_pool_retries_beside_stuck_job)
{
    enum { JOBS = 600, ATTEMPTS = 3 };
    static const filch_retry_policy retry = {.attempts = ATTEMPTS, .base = 1000, .cap = 1000};
    gate at = {0};
    filch_u32 tries = {0};
    filch_pool_stats stats;
    filch_pool *pool = pool_of((filch_pool_config){
        .workers = 1, .stuck_after = FILCH_MILLISECOND, .spares = 1, .retry = &retry});
    cr_assert_eq(FILCH_SUBMIT_AS(pool, hog, &at, .timeout = FILCH_MILLISECOND), 0);
    for (unsigned i = 0; i < JOBS; i++) {
        cr_assert_eq(FILCH_SUBMIT(pool, fail, &tries), 0);
        if (i % 64 == 0)
            filch_sleep(FILCH_MILLISECOND);
    }
    signpost_raise(&at.go);
    OK(filch_pool_wait(pool, FILCH_FOREVER));
    filch_pool_stats_read(pool, &stats, sizeof stats);
    cr_assert_eq(stats.outcomes[FILCH_FAILED], JOBS);
    cr_assert_eq(filch_u32_load(&tries, FILCH_RELAXED), JOBS * ATTEMPTS);
    OK(filch_pool_destroy(pool));
}
