/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Jobs that are delayed, at the wrong moment: as they are cancelled, and while their submitter
 * holds the runner. */
#include <tests/support/pools.h>
#include <tests/support/test.h>

enum { LONG = 3600 };

static filch_pool *pool_on(filch_runtime *rt, filch_pool_config config)
{
    config.runtime = rt;
    return pool_of(config);
}

static void everywhere(void (*claim)(filch_runtime *))
{
    for (unsigned i = 0; i < CONFIGS; i++) {
        filch_runtime *rt = config_runtime(i, 1000);
        claim(rt);
        cr_assert_eq(filch_runtime_destroy(rt), 0, "%s", config_name(i));
    }
}

/* ---- Beyond the width ---- */

static int second_time(filch_self self, filch_job *job, void *data)
{
    return filch_job_attempts(job) < 2 ? -EAGAIN : 0;
}

/* The only runner's job: it fills the queue, and the next one is run for it. */
static int submits(filch_self self, filch_job *job, void *pool)
{
    int rc = FILCH_SUBMIT(pool, succeeds, NULL);
    return rc ? rc : FILCH_SUBMIT(pool, second_time, NULL);
}

static void waits_for_a_retry(filch_runtime *rt)
{
    static const filch_retry_policy retry = {.base = 1};
    filch_pool *pool = pool_on(rt, (filch_pool_config){.width = 1,
                                                       .capacity = 1,
                                                       .full = FILCH_FULL_RUN,
                                                       .retry = &retry});
    filch_pool_stats stats;
    cr_assert_eq(FILCH_SUBMIT(pool, submits, pool), 0);
    OK(filch_pool_wait(pool, filch_in(60 * FILCH_SECOND)));
    filch_pool_stats_read(pool, &stats, sizeof stats);
    cr_assert_eq(stats.outcomes[FILCH_SUCCEEDED], 3);
    cr_assert_eq(stats.retries, 1);
    OK(filch_pool_destroy(pool));
}

Test(pool_delays, submitter_run_job_retries_beyond_width)
{
    everywhere(waits_for_a_retry);
}

/* ---- Cancelled when the retry is decided, before the job is delayed ---- */

static filch_context *cancelled;
static filch_pool *shut_down;

static void cancel_it(const filch_retry_report *report, void *unused)
{
    if (cancelled)
        filch_context_cancel(cancelled, 0);
    else
        filch_pool_shutdown_now(shut_down);
}

static const filch_retry_policy late = {.base = LONG * FILCH_SECOND,
                                        .jitter = FILCH_JITTER_NONE,
                                        .told = cancel_it};

static void ends_at_once(filch_runtime *rt)
{
    filch_pool *pool = pool_on(rt, (filch_pool_config){.width = 2, .retry = &late});
    filch_pool_stats stats;
    shut_down = pool;
    cr_assert_eq(FILCH_SUBMIT_AS(pool, returns, RETURNED(-EAGAIN), .context = cancelled), 0);
    OK(filch_pool_wait(pool, filch_in(60 * FILCH_SECOND)));
    filch_pool_stats_read(pool, &stats, sizeof stats);
    cr_assert_eq(stats.outcomes[FILCH_FAILED], 1);
    OK(filch_pool_destroy(pool));
}

static void with_a_context(filch_runtime *rt)
{
    OK(filch_context_create(&cancelled, NULL));
    ends_at_once(rt);
    filch_context_release(cancelled);
    cancelled = NULL;
}

Test(pool_delays, job_cancelled_meanwhile_is_not_delayed)
{
    everywhere(with_a_context);
}

Test(pool_delays, shut_down_pool_delays_no_retry)
{
    everywhere(ends_at_once);
}
