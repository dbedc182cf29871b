/* SPDX-License-Identifier: MIT OR Apache-2.0
 * test: memcheck; label processor in emulated
 *
 * Random trees of forks, joined in random places, against the same walk in one thread: each task's
 * value depends on all its children's in their order, and the number of tasks run is counted. */
#include <sched/forkstack.h>
#include <tests/support/tasks.h>
#include <tests/support/test.h>

/* All unjoined forks of a path fit into the slots of the smallest build. */
enum { DEPTH = 18, CHILDREN = 8, WIDE = 60 };
_Static_assert(DEPTH *CHILDREN + WIDE < FL_SLOTS, "a path may overflow its fork stack");

static filch_u64 run;

static unsigned children_of(uint64_t seed, unsigned budget, unsigned depth)
{
    unsigned wanted = depth == 0                ? 0
                      : depth == 1              ? (unsigned)(seed % WIDE)
                      : seed % 4 && budget > 30 ? 2
                                                : (unsigned)(seed / 4 % (CHILDREN + 1));
    return wanted < budget ? wanted : budget;
}

static uint64_t seed_of(uint64_t parent, unsigned child)
{
    return stress_mix(parent + child + 1);
}

static uint64_t combined(uint64_t seed, const uint64_t *values, unsigned count)
{
    uint64_t sum = seed;
    for (unsigned i = 0; i < count; i++)
        sum = stress_mix(sum ^ values[i]);
    return sum;
}

/* Child i's part of what is left after its parent: uneven, so that thieves find trees of all
 * sizes. */
static unsigned share(uint64_t seed, unsigned budget, unsigned children, unsigned i)
{
    unsigned even = budget / children;
    return i == seed % children ? budget - even / 2 * (children - 1) : even / 2;
}

static uint64_t serial(uint64_t seed, unsigned budget, unsigned depth, uint64_t *tasks)
{
    uint64_t values[WIDE];
    unsigned children = children_of(seed, budget, depth);
    for (unsigned i = 0; i < children; i++)
        values[i] =
            serial(seed_of(seed, i), share(seed, budget - 1, children, i), depth - 1, tasks);
    ++*tasks;
    return combined(seed, values, children);
}

FILCH_TASK(uint64_t, grow, (uint64_t, seed), (unsigned, budget), (unsigned, depth))
{
    uint64_t values[WIDE];
    unsigned unjoined[WIDE], count = 0;
    unsigned children = children_of(seed, budget, depth);
    for (unsigned i = 0; i < children; i++) {
        FILCH_FORK(grow, seed_of(seed, i), share(seed, budget - 1, children, i), depth - 1);
        unjoined[count++] = i;
        if (stress_mix(seed - i) % 4 == 0) {
            FILCH_JOIN(values[unjoined[--count]], grow);
        }
    }
    stress_dawdle(stress_mix(seed + depth));
    while (count > 0) {
        FILCH_JOIN(values[unjoined[--count]], grow);
    }
    filch_u64_add(&run, 1, FILCH_RELAXED); /* read after the join of all */
    return combined(seed, values, children);
}

static void grow_trees(unsigned config)
{
    uint64_t seed = stress_seed();
    filch_runtime *rt = stress_runtime(config, seed);
    for (unsigned i = 0; i < stress_times(30); i++) {
        uint64_t tasks = 0, start = stress_mix(seed + i);
        unsigned budget = 1 + (unsigned)(start % 20000);
        uint64_t expected = serial(start, budget, DEPTH, &tasks);
        filch_u64_store(&run, 0, FILCH_RELAXED);
        uint64_t got = FILCH_RUN(rt, grow, start, budget, DEPTH);
        cr_assert_eq(got, expected, "tree %u on %s", i, stress_name(config));
        cr_assert_eq(filch_u64_load(&run, FILCH_RELAXED), tasks);
    }
    OK(filch_runtime_destroy(rt));
}

Test(trees, random_forks_match_serial_walk)
{
    for (unsigned i = 0; i < STRESS_CONFIGS; i++)
        grow_trees(i);
}
