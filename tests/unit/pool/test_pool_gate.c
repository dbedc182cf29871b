/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Pools with a queue and a limiter: the order holds while permits are awaited, and the measured
 * time is the time waited. */
#include <filch/limiter.h>
#include <filch/metrics.h>
#include <tests/support/pools.h>
#include <tests/support/reading.h>
#include <tests/support/test.h>

enum { JOBS = 6, LAST = JOBS - 1, RATE = 20, NEVER = 1000 };
static unsigned order[JOBS + 1], begun;

/* Width 1: one at a time. */
static int note(filch_self self, filch_job *job, void *number)
{
    order[begun++] = (unsigned)(uintptr_t)number;
    return 0;
}

/* One permit at once, then `rate` a second; or, with 0, none in the time of a test. */
static filch_limiter *limiter_of(double rate)
{
    filch_limiter *limiter;
    filch_limit limit = {.rate = rate, .burst = 1};
    if (rate == 0)
        limit = (filch_limit){.rate = 1, .burst = 1, .period = NEVER * FILCH_SECOND};
    OK(filch_limiter_create(&limiter, limit));
    return limiter;
}

static void submit(filch_pool *pool, unsigned number, filch_job_options options)
{
    void *data = (void *)(uintptr_t)number;
    options.name = "noted";
    OK(filch_pool_submit(NULL, pool, note, data, &options, FILCH_FOREVER));
}

/* The first takes the permit that is there; the last is the one that the order wants next. false:
 * by then the next permit was nearly due. */
static bool last_is_second(filch_pool_order wanted)
{
    filch_limiter *limiter = limiter_of(RATE);
    filch_pool *pool =
        pool_of((filch_pool_config){.workers = 2, .width = 1, .order = wanted, .limiter = limiter});
    int64_t from = filch_now();
    begun = 0;
    submit(pool, 100, (filch_job_options){0});
    OK(filch_pool_wait(pool, FILCH_FOREVER));
    for (unsigned i = 0; i < JOBS; i++)
        submit(pool, i,
               (filch_job_options){.priority = i == LAST ? 7 : 1,
                                   .timeout = (i == LAST ? 50 : 100) * FILCH_SECOND});
    bool in_time = filch_now() - from < FILCH_SECOND / RATE / 2;
    OK(filch_pool_destroy(pool));
    filch_limiter_destroy(limiter);
    cr_assert_eq(begun, JOBS + 1);
    cr_assert(!in_time || order[1] == LAST, "%u", order[1]);
    return in_time;
}

static void expect_the_last_second(filch_pool_order wanted)
{
    while (!last_is_second(wanted))
        ;
}

Test(pool_gate, most_urgent_job_gets_next_permit)
{
    expect_the_last_second(FILCH_PRIORITY);
}

Test(pool_gate, earliest_deadline_gets_next_permit)
{
    expect_the_last_second(FILCH_EARLIEST);
}

Test(pool_gate, the_newest_gets_the_next_permit)
{
    expect_the_last_second(FILCH_LIFO);
}

Test(pool_gate, first_hopeless_job_times_out_immediately)
{
    filch_limiter *limiter = limiter_of(0);
    filch_job *job;
    filch_pool *pool = pool_of((filch_pool_config){.workers = 1, .width = 3, .limiter = limiter});
    begun = 0;
    submit(pool, 0, (filch_job_options){0});
    OK(filch_pool_wait(pool, FILCH_FOREVER));
    const filch_job_options options = {.timeout = 60 * FILCH_SECOND};
    for (unsigned i = 0; i < JOBS; i++) {
        OK(filch_pool_submit(&job, pool, note, NULL, &options, FILCH_FOREVER));
        cr_assert_eq(filch_job_wait(job, FILCH_FOREVER), -ETIMEDOUT);
        cr_assert_str_eq(filch_job_failure(job)->message, "no permit before its deadline");
        filch_job_release(job);
    }
    OK(filch_pool_destroy(pool));
    filch_limiter_destroy(limiter);
    cr_assert_eq(begun, 1);
}

Test(pool_gate, cancelled_queue_gives_permit_back)
{
    filch_limiter *limiter = limiter_of(0);
    filch_pool_stats stats;
    filch_pool *pool = pool_of((filch_pool_config){.workers = 1, .width = 1, .limiter = limiter});
    begun = 0;
    for (unsigned i = 0; i < JOBS; i++)
        submit(pool, i, (filch_job_options){0});
    do
        filch_pool_stats_read(pool, &stats, sizeof stats);
    while (stats.outcomes[FILCH_SUCCEEDED] < 1);
    filch_pool_shutdown_now(pool);
    OK(filch_pool_destroy(pool));
    filch_reservation next;
    OK(filch_limiter_reserve(limiter, 1, &next));
    cr_assert_leq(next.at, filch_in((NEVER + 1) * FILCH_SECOND), "not one later");
    filch_limiter_destroy(limiter);
}

/* With a queue the job waits there, without one it is delayed: the measured time is the same. */
Test(pool_gate, permit_wait_is_measured_once)
{
    for (unsigned width = 0; width < 2; width++) {
        static exposition all;
        filch_metrics *metrics;
        filch_limiter *limiter = limiter_of(RATE);
        filch_pool *pool = pool_of((filch_pool_config){
            .workers = 1, .width = width, .name = "slow", .timed = true, .limiter = limiter});
        OK(filch_metrics_create(&metrics));
        OK(filch_metrics_add_pool(metrics, pool));
        begun = 0;
        for (unsigned i = 0; i < JOBS; i++)
            submit(pool, i, (filch_job_options){0});
        OK(filch_pool_wait(pool, FILCH_FOREVER));
        const char *text = exposition_written(metrics, &all);
        cr_assert_eq(exposition_value(text, "filch_pool_wait_seconds_count{pool=\"slow\"}"), JOBS);
        cr_assert_eq(exposition_value(text, "filch_pool_run_seconds_count{pool=\"slow\"}"), JOBS);
        cr_assert_gt(exposition_value(text, "filch_pool_wait_seconds_sum{pool=\"slow\"}"),
                     0.9 * (JOBS - 1) * JOBS / 2 / RATE);
        filch_metrics_destroy(metrics);
        OK(filch_pool_destroy(pool));
        filch_limiter_destroy(limiter);
    }
}
