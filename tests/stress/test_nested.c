/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Tasks that run tasks on other runtimes, which run tasks on others again. */
#include <pthread.h>
#include <tests/support/tasks.h>
#include <tests/support/test.h>

enum { RUNTIMES = 3 };
static filch_runtime *all[RUNTIMES];

static uint64_t serial(uint64_t seed, unsigned depth)
{
    if (depth == 0)
        return seed;
    uint64_t left = serial(stress_mix(seed + 1), depth - 1);
    return stress_mix(left - serial(stress_mix(seed + 2), depth - 1));
}

/* One half is forked or run elsewhere, while the other is walked here. */
FILCH_TASK(uint64_t, wander, (uint64_t, seed), (unsigned, depth), (unsigned, here))
{
    if (depth == 0)
        return seed;
    uint64_t right, left_seed = stress_mix(seed + 1), right_seed = stress_mix(seed + 2);
    unsigned there = (here + 1 + (unsigned)(seed % (RUNTIMES - 1))) % RUNTIMES;
    FILCH_FORK(wander, left_seed, depth - 1, here);
    if (seed % 8 == 0)
        right = FILCH_RUN(all[there], wander, right_seed, depth - 1, there);
    else
        right = wander(self, right_seed, depth - 1, here);
    FILCH_JOIN(uint64_t left, wander);
    return stress_mix(left - right);
}

struct caller {
    uint64_t seed;
    unsigned home, wrong;
};

static void *call(void *arg)
{
    struct caller *caller = arg;
    for (unsigned i = 0; i < stress_times(30); i++) {
        uint64_t seed = stress_mix(caller->seed + i);
        unsigned depth = 1 + (unsigned)(seed % 10);
        caller->wrong +=
            FILCH_RUN(all[caller->home], wander, seed, depth, caller->home) != serial(seed, depth);
    }
    return NULL;
}

Test(nested, runtimes_call_each_other_concurrently)
{
    uint64_t seed = stress_seed();
    for (unsigned config = 0; config < STRESS_CONFIGS - 4; config++) {
        struct caller callers[RUNTIMES];
        pthread_t threads[RUNTIMES];
        for (unsigned i = 0; i < RUNTIMES; i++)
            all[i] = stress_runtime((config + i) % (STRESS_CONFIGS - 4), seed);
        for (unsigned i = 0; i < RUNTIMES; i++) {
            callers[i] = (struct caller){seed + 1000 * i, i, 0};
            cr_assert_eq(pthread_create(&threads[i], NULL, call, &callers[i]), 0);
        }
        for (unsigned i = 0; i < RUNTIMES; i++) {
            pthread_join(threads[i], NULL);
            cr_assert_eq(callers[i].wrong, 0);
        }
        for (unsigned i = 0; i < RUNTIMES; i++)
            OK(filch_runtime_destroy(all[i]));
    }
}

FILCH_TASK(int, there_and_back, (filch_runtime *, there), (filch_runtime *, back), (int, hops))
{
    return hops ? FILCH_RUN(there, there_and_back, back, there, hops - 1) + 1 : 0;
}

/* The thread that woke the waiting fiber may still be on its way out of the runtime that is
 * destroyed. */
Test(nested, answered_runtimes_can_be_destroyed_immediately)
{
    uint64_t seed = stress_seed();
    for (unsigned i = 0; i < stress_times(1500); i++) {
        filch_runtime *a, *b;
        uint64_t random = stress_mix(seed + i);
        filch_config first = {.workers = 1 + (unsigned)(random % 3)};
        filch_config second = {.workers = 1 + (unsigned)(random / 3 % 3)};
        OK(filch_runtime_create(&a, &first));
        OK(filch_runtime_create(&b, &second));
        int hops = (int)(random / 9 % 4);
        cr_assert_eq(FILCH_RUN(a, there_and_back, b, a, hops), hops);
        OK(filch_runtime_destroy(random / 64 % 2 ? a : b));
        OK(filch_runtime_destroy(random / 64 % 2 ? b : a));
    }
}
