/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Jobs that need permits: when they begin, and the resources they hold while they wait for one. */
#include <tests/support/pools.h>

#include <tests/support/test.h>

enum { JOBS = 60 };

static filch_u64 newest_start;

static int note_start(filch_self self, filch_job *job, void *unused)
{
    filch_u64_store(&newest_start, (uint64_t)filch_now(), FILCH_RELAXED);
    return 0;
}

Test(pool_limits, limiter_paces_job_starts)
{
    for (unsigned c = 0; c < CONFIGS; c++) {
        filch_limiter *limiter;
        filch_runtime *rt = config_runtime(c, 10000);
        OK(filch_limiter_create(&limiter, (filch_limit){.rate = 4000, .burst = 5}));
        filch_pool *pool =
            pool_of((filch_pool_config){.runtime = rt, .width = c % 3, .limiter = limiter});
        int64_t from = filch_now();
        for (unsigned i = 0; i < JOBS; i++)
            cr_assert_eq(FILCH_SUBMIT(pool, note_start, NULL), 0);
        OK(filch_pool_destroy(pool));
        int64_t took = (int64_t)filch_u64_load(&newest_start, FILCH_RELAXED) - from;
        cr_assert_geq(took, (JOBS - 5) * FILCH_SECOND / 4000 - 1000);
        filch_limiter_destroy(limiter);
        OK(filch_runtime_destroy(rt));
    }
}

Test(pool_limits, too_late_permit_fails_at_once)
{
    filch_limiter *limiter;
    filch_job *job;
    OK(filch_limiter_create(&limiter,
                            (filch_limit){.rate = 1, .burst = 1, .period = 1000 * FILCH_SECOND}));
    filch_pool *pool = pool_of((filch_pool_config){.workers = 1, .limiter = limiter});
    cr_assert_eq(FILCH_SUBMIT(pool, note_start, NULL), 0);
    const filch_job_options options = {.timeout = 60 * FILCH_SECOND};
    OK(filch_pool_wait(pool, FILCH_FOREVER));
    OK(filch_pool_submit(&job, pool, note_start, NULL, &options, FILCH_FOREVER));
    cr_assert_eq(filch_job_wait(job, FILCH_FOREVER), -ETIMEDOUT);
    cr_assert_eq(filch_job_attempts(job), 0);
    filch_job_release(job);
    OK(filch_pool_destroy(pool));
    filch_limiter_destroy(limiter);
}

Test(pool_limits, unused_permit_is_given_back)
{
    filch_limiter *limiter;
    filch_job *job;
    OK(filch_limiter_create(&limiter,
                            (filch_limit){.rate = 1, .burst = 1, .period = 100 * FILCH_SECOND}));
    filch_pool *pool = pool_of((filch_pool_config){.workers = 1, .limiter = limiter});
    cr_assert_eq(FILCH_SUBMIT(pool, note_start, NULL), 0);
    OK(filch_pool_wait(pool, FILCH_FOREVER));
    stubborn one = {0};
    job = delayed_job(pool, &one);
    OK(filch_job_cancel(job));
    cr_assert_eq(filch_job_wait(job, FILCH_FOREVER), -ECANCELED);
    filch_job_release(job);
    OK(filch_pool_destroy(pool));
    filch_reservation next;
    OK(filch_limiter_reserve(limiter, 1, &next));
    cr_assert_leq(next.at, filch_in(101 * FILCH_SECOND), "not one later");
    filch_limiter_destroy(limiter);
}

Test(pool_limits, jobs_awaiting_permits_take_room)
{
    enum { CAPACITY = 3 };
    filch_limiter *limiter;
    filch_pool_stats stats;
    OK(filch_limiter_create(&limiter,
                            (filch_limit){.rate = 1, .burst = 1, .period = 1000 * FILCH_SECOND}));
    OK(filch_limiter_allow(limiter, 1));
    for (unsigned drop_one = 0; drop_one < 2; drop_one++) {
        filch_when_full full = drop_one ? FILCH_FULL_DROP_OLDEST : FILCH_FULL_REJECT;
        filch_pool *pool = pool_of((filch_pool_config){
            .workers = 2, .width = 1, .capacity = CAPACITY, .full = full, .limiter = limiter});
        for (unsigned i = 0; i < 1 + CAPACITY; i++) /* one has the place */
            cr_assert_eq(FILCH_SUBMIT(pool, note_start, NULL), 0);
        cr_assert_eq(FILCH_SUBMIT(pool, note_start, NULL), drop_one ? 0 : -EAGAIN);
        filch_pool_stats_read(pool, &stats, sizeof stats);
        cr_assert_eq(stats.waiting, 1 + CAPACITY);
        cr_assert_eq(stats.outcomes[FILCH_DROPPED], drop_one);
        filch_pool_shutdown_now(pool);
        OK(filch_pool_destroy(pool));
    }
    filch_limiter_destroy(limiter);
}

/* Pools whose width follows the duration of their jobs. */

Test(pool_adaptive, adaptive_width_stays_within_bounds)
{
    const filch_adaptive_config config = {.min = 2, .max = 5, .start = 3};
    filch_pool_stats stats;
    job_crowd all = {0};
    filch_pool *pool = NULL;
    cr_assert_eq(filch_pool_create(&pool, &(filch_pool_config){.adaptive = &config, .width = 2}),
                 -EINVAL);
    pool = pool_of((filch_pool_config){.workers = 2, .adaptive = &config});
    filch_pool_stats_read(pool, &stats, sizeof stats);
    cr_assert_eq(stats.width, 3);
    cr_assert_eq(filch_pool_resize(pool, 2), -EINVAL);
    for (unsigned i = 0; i < 20 * JOBS; i++)
        cr_assert_eq(FILCH_SUBMIT(pool, meets_others, &all), 0);
    OK(filch_pool_wait(pool, FILCH_FOREVER));
    filch_pool_stats_read(pool, &stats, sizeof stats);
    cr_assert(stats.width >= 2 && stats.width <= 5);
    cr_assert_leq(filch_u32_load(&all.most, FILCH_ACQUIRE), 5);
    OK(filch_pool_destroy(pool));
}

/* As long as all are in use and none takes longer than another. */
Test(pool_adaptive, used_adaptive_width_rises)
{
    const filch_adaptive_config config = {.min = 1, .max = 4, .start = 1, .tolerance = 10000};
    filch_pool_stats stats;
    job_crowd all = {0};
    filch_pool *pool = pool_of((filch_pool_config){.workers = 2, .adaptive = &config});
    do {
        for (unsigned i = 0; i < JOBS; i++)
            cr_assert_eq(FILCH_SUBMIT(pool, meets_others, &all), 0);
        OK(filch_pool_wait(pool, FILCH_FOREVER));
        filch_pool_stats_read(pool, &stats, sizeof stats);
    } while (stats.width < 3);
    OK(filch_pool_destroy(pool));
}
