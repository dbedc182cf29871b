/* SPDX-License-Identifier: MIT OR Apache-2.0
 * test: variables FILCH_STRESS=0.15 (its tasks wait for each other: a third of the time of all stress tests)
 *
 * Chains of joins that are all suspended at once: each task waits until its child is stolen, then
 * joins it. */
#include <tests/support/tasks.h>
#include <tests/support/test.h>

enum { MOST = 2000 };

static signpost started[MOST + 1];

FILCH_TASK(uint64_t, chain, (unsigned, depth))
{
    signpost_raise(&started[depth]);
    if (depth == 0)
        return 1;
    FILCH_FORK(chain, depth - 1);
    signpost_wait(&started[depth - 1], 1);
    FILCH_JOIN(uint64_t rest, chain);
    return stress_mix(rest + depth);
}

static uint64_t expected(unsigned depth)
{
    uint64_t value = 1;
    for (unsigned i = 1; i <= depth; i++)
        value = stress_mix(value + i);
    return value;
}

Test(chains, suspended_joins_end_in_order)
{
    unsigned depth = stress_times(MOST) < MOST ? stress_times(MOST) : MOST;
    for (unsigned i = 0; i < STRESS_CONFIGS; i++) {
        filch_runtime *rt = stress_runtime(i, 1);
        for (int round = 0; round < 2; round++) {
            memset(started, 0, sizeof started);
            cr_assert_eq(FILCH_RUN(rt, chain, depth), expected(depth), "%s", stress_name(i));
            for (unsigned k = 0; k <= depth; k++)
                cr_assert_eq(signpost_count(&started[k]), 1);
        }
        filch_runtime_stats stats;
        filch_runtime_stats_read(rt, FILCH_ALL_WORKERS, &stats, sizeof stats);
        cr_assert_geq(stats.gift_tasks + stats.robs + stats.queue_takes, 2 * (uint64_t)depth);
        OK(filch_runtime_destroy(rt));
    }
}

/* With few fibers nobody may be left to steal: a task waits for a while, then joins its child in
 * any state. */
FILCH_TASK(uint64_t, hasty, (unsigned, depth), (unsigned, patience))
{
    signpost_raise(&started[depth]);
    if (depth == 0)
        return 1;
    FILCH_FORK(hasty, depth - 1, patience);
    for (unsigned i = 0; i < patience && !signpost_count(&started[depth - 1]); i++)
        sched_yield();
    FILCH_JOIN(uint64_t rest, hasty);
    return stress_mix(rest + depth);
}

Test(chains, fiber_cap_is_met_gracefully)
{
    uint64_t seed = stress_seed();
    for (unsigned i = 0; i < stress_times(10 * STRESS_CONFIGS); i++) {
        filch_config config = stress_config(i % STRESS_CONFIGS, seed);
        config.max_fibers = config.workers + 1 + (unsigned)(stress_mix(seed + i) % 8);
        filch_runtime *rt;
        OK(filch_runtime_create(&rt, &config));
        memset(started, 0, sizeof started);
        /* Where a full central queue runs them at once, they all stand in one fork stack. */
        unsigned depth = 100 + (unsigned)(stress_mix(seed - i) % 100);
        cr_assert_eq(FILCH_RUN(rt, hasty, depth, i % 40), expected(depth), "%s",
                     stress_name(i % STRESS_CONFIGS));
        filch_runtime_stats stats;
        filch_runtime_stats_read(rt, FILCH_ALL_WORKERS, &stats, sizeof stats);
        cr_assert_leq(stats.fibers, config.max_fibers + 1, "and the guest's");
        OK(filch_runtime_destroy(rt));
    }
}
