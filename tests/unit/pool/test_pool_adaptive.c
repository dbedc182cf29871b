/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Pools whose width follows the duration of their jobs. */
#include <tests/support/pools.h>
#include <tests/support/test.h>

enum { JOBS = 60 };

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
