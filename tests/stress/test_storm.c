/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Foreign threads throw detached and awaited tasks at a runtime, which is destroyed as soon as the
 * last has thrown. */
#include <pthread.h>
#include <tests/support/tasks.h>
#include <tests/support/test.h>

enum { THREADS = 8 };

static filch_runtime *rt;
static filch_u64 gone;

static void leaf(filch_self self, void *unused)
{
    filch_u64_add(&gone, 1, FILCH_RELAXED); /* read once all workers have ended */
}

static void forker(filch_self self, void *unused)
{
    FILCH_FORK(fib, 6);
    if (filch_go(rt, leaf, NULL))
        filch_die("%s", filch_error());
    FILCH_JOIN(long eight, fib);
    if (eight == 8)
        leaf(self, unused);
}

static void yielder(filch_self self, void *unused)
{
    filch_yield(self);
    leaf(self, unused);
}

/* Each kind of task, and how often leaf runs for it. */
static const struct {
    filch_go_fn *fn;
    unsigned leaves;
} kinds[] = {{leaf, 1}, {forker, 2}, {yielder, 1}};

struct thrower {
    uint64_t seed, leaves;
    unsigned wrong;
};

static void *throw_tasks(void *arg)
{
    struct thrower *thrower = arg;
    for (unsigned i = 0; i < stress_times(300); i++) {
        uint64_t random = stress_mix(thrower->seed + i);
        if (random % 8 == 0)
            thrower->wrong += FILCH_RUN(rt, fib, 8) != 21;
        unsigned kind = (unsigned)(random / 8 % 3);
        thrower->wrong += filch_go(rt, kinds[kind].fn, NULL) != 0;
        thrower->leaves += kinds[kind].leaves;
    }
    return NULL;
}

static void storm(unsigned config, uint64_t seed)
{
    struct thrower throwers[THREADS];
    pthread_t threads[THREADS];
    uint64_t leaves = 0;
    rt = stress_runtime(config, seed);
    filch_u64_store(&gone, 0, FILCH_RELAXED);
    for (unsigned i = 0; i < THREADS; i++) {
        throwers[i] = (struct thrower){stress_mix(seed + i), 0, 0};
        cr_assert_eq(pthread_create(&threads[i], NULL, throw_tasks, &throwers[i]), 0);
    }
    for (unsigned i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        cr_assert_eq(throwers[i].wrong, 0, "%s", stress_name(config));
        leaves += throwers[i].leaves;
    }
    OK(filch_runtime_destroy(rt));
    cr_assert_eq(filch_u64_load(&gone, FILCH_RELAXED), leaves, "%s", stress_name(config));
}

Test(storm, destroy_waits_and_loses_nothing)
{
    uint64_t seed = stress_seed();
    for (unsigned i = 0; i < STRESS_CONFIGS * stress_times(5); i++)
        storm(i % STRESS_CONFIGS, stress_mix(seed + i));
}

/* Small bursts with sleeps of the workers in between: every wake-up is needed. */
Test(storm, single_tasks_wake_an_idle_runtime)
{
    static const long answers[] = {0, 1, 1, 2, 3};
    for (unsigned config = 0; config < STRESS_CONFIGS; config++) {
        rt = stress_runtime(config, 1);
        for (unsigned i = 0; i < stress_times(2000); i++) {
            uint64_t before = filch_u64_load(&gone, FILCH_ACQUIRE);
            OK(filch_go(rt, leaf, NULL));
            WAIT_WHILE(filch_u64_load(&gone, FILCH_ACQUIRE) == before);
            cr_assert_eq(FILCH_RUN(rt, fib, (int)(i % 5)), answers[i % 5]);
        }
        OK(filch_runtime_destroy(rt));
    }
}
