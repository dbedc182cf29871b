/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Loops that fork thousands of tasks and then join them: gifts of half a stack, their ranges, their
 * own thieves. */
#include <sched/forkstack.h>
#include <tests/support/tasks.h>
#include <tests/support/test.h>

/* A thief forks the halves of a gift, too, before it runs a part of it: some fifteen slots. */
enum { MOST = FL_SLOTS - 20 };

static unsigned char visits[4][MOST]; /* by loop; each element is one task's */

FILCH_TASK(uint64_t, element, (unsigned, loop), (unsigned, i), (uint64_t, seed))
{
    visits[loop][i]++;
    stress_dawdle(stress_mix(seed + i));
    return stress_mix(i);
}

/* Returns how many results were not those of their element. */
FILCH_TASK(unsigned, flat, (unsigned, loop), (unsigned, count), (uint64_t, seed))
{
    unsigned wrong = 0;
    for (unsigned i = 0; i < count; i++)
        FILCH_FORK(element, loop, i, seed);
    for (unsigned i = count; i-- > 0;) {
        FILCH_JOIN(uint64_t value, element);
        wrong += value != stress_mix(i);
    }
    return wrong;
}

/* Four loops at a time, on fibers of their own as far as they are stolen. They share one fork stack
 * as far as not: a loop that is joined runs above what the ones before it left. */
FILCH_TASK(unsigned, loops, (unsigned, count), (uint64_t, seed))
{
    unsigned wrong = 0;
    for (unsigned loop = 0; loop < 4; loop++)
        FILCH_FORK(flat, loop, count, seed ^ loop);
    for (unsigned loop = 0; loop < 4; loop++) {
        FILCH_JOIN(unsigned part, flat);
        wrong += part;
    }
    return wrong;
}

static void loop_often(unsigned config)
{
    uint64_t seed = stress_seed();
    filch_runtime *rt = stress_runtime(config, seed);
    for (unsigned i = 0; i < stress_times(20); i++) {
        uint64_t random = stress_mix(seed + i);
        unsigned count = i % 4 ? (unsigned)(random % MOST) : MOST;
        memset(visits, 0, sizeof visits);
        cr_assert_eq(FILCH_RUN(rt, loops, count, random), 0, "round %u on %s", i,
                     stress_name(config));
        for (unsigned loop = 0; loop < 4; loop++)
            for (unsigned k = 0; k < MOST; k++)
                cr_assert_eq(visits[loop][k], k < count, "element %u of %u on %s", k, count,
                             stress_name(config));
    }
    OK(filch_runtime_destroy(rt));
}

Test(loops, each_element_yields_its_result_once)
{
    for (unsigned i = 0; i < STRESS_CONFIGS; i++)
        loop_often(i);
}
