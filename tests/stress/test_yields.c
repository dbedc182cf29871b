/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Yields between forks and joins: fork stacks are flushed halfway, fibers come back on other
 * workers. */
#include <tests/support/tasks.h>
#include <tests/support/test.h>

static uint64_t serial(uint64_t seed, unsigned depth)
{
    if (depth == 0)
        return seed;
    uint64_t sum = seed;
    for (unsigned i = 0; i < 3; i++)
        sum = stress_mix(sum + serial(stress_mix(seed + i), depth - 1));
    return sum;
}

static void perhaps_yield(filch_self self, uint64_t random)
{
    if (random % 5 == 0)
        filch_yield(self);
    stress_dawdle(random / 5);
}

FILCH_TASK(uint64_t, give_way, (uint64_t, seed), (unsigned, depth))
{
    uint64_t values[3], sum = seed;
    if (depth == 0)
        return seed;
    for (unsigned i = 0; i < 3; i++) {
        FILCH_FORK(give_way, stress_mix(seed + i), depth - 1);
        perhaps_yield(self, stress_mix(seed - i));
    }
    for (unsigned i = 3; i-- > 0;) {
        perhaps_yield(self, stress_mix(seed ^ i));
        FILCH_JOIN(values[i], give_way);
    }
    for (unsigned i = 0; i < 3; i++)
        sum = stress_mix(sum + values[i]);
    return sum;
}

Test(yields, yielding_trees_match_serial_walk)
{
    for (unsigned config = 0; config < STRESS_CONFIGS; config++) {
        uint64_t seed = stress_seed();
        filch_runtime *rt = stress_runtime(config, seed);
        for (unsigned i = 0; i < stress_times(20); i++) {
            uint64_t start = stress_mix(seed + i);
            cr_assert_eq(FILCH_RUN(rt, give_way, start, 6), serial(start, 6), "%s",
                         stress_name(config));
        }
        OK(filch_runtime_destroy(rt));
    }
}

/* Rings of tasks, each of which waits for the one it forked, and all of which only give way. */
FILCH_TASK(unsigned, relay, (signpost *, posts), (unsigned, left))
{
    if (left == 0) {
        signpost_raise(posts);
        return 0;
    }
    FILCH_FORK(relay, posts + 1, left - 1);
    while (!signpost_count(posts + 1))
        filch_yield(self);
    signpost_raise(posts);
    FILCH_JOIN(unsigned rest, relay);
    return rest + 1;
}

Test(yields, yielding_wait_chains_end)
{
    enum { LENGTH = 40 };
    for (unsigned config = 0; config < STRESS_CONFIGS; config++) {
        filch_runtime *rt = stress_runtime(config, 1);
        for (unsigned i = 0; i < stress_times(20); i++) {
            signpost posts[LENGTH + 1] = {{0}};
            cr_assert_eq(FILCH_RUN(rt, relay, posts, LENGTH), LENGTH, "%s", stress_name(config));
        }
        OK(filch_runtime_destroy(rt));
    }
}
