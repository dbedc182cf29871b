/* SPDX-License-Identifier: MIT OR Apache-2.0
 * test: wraps fl_elastic_open
 *
 * A pool whose last alarm is refused: its creation fails, and leaves no other alarm with the timer
 * thread. */
#include <filch/limiter.h>
#include <runtime/platform/error.h>
#include <runtime/pool/pool.h>
#include <tests/support/pools.h>
#include <tests/support/test.h>

static filch_pool *refused;

int __wrap_fl_elastic_open(filch_pool *pool);

/* Holds the memory of the pool beyond the failure. */
int __wrap_fl_elastic_open(filch_pool *pool)
{
    filch_u64_add(&pool->refs, 1, FILCH_RELAXED);
    refused = pool;
    return fl_fail(ENOMEM, "no memory for an alarm; free some");
}

Test(refused_monitor, limiter_alarm_ends_with_failed_creation)
{
    filch_limiter *limiter;
    filch_pool *pool = NULL;
    OK(filch_limiter_create(&limiter, (filch_limit){.rate = 1, .burst = 1}));
    cr_assert_eq(filch_pool_create(&pool, &(filch_pool_config){.workers = 1,
                                                               .width = 1,
                                                               .width_max = 2,
                                                               .limiter = limiter}),
                 -ENOMEM);
    cr_assert_null(pool);
    const fl_alarm *alarm = &refused->alarms[FL_ALARM_GATE];
    cr_assert(fl_alarm_was_made(alarm));
    cr_assert(alarm->stopped);
    cr_assert_eq(alarm->timer.timed.place, 0, "it is not with the timer thread");
    fl_pool_drop(refused);
    filch_limiter_destroy(limiter);
}
