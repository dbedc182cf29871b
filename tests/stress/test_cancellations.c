/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Contexts from many sides at once: tasks and threads that wait for them, and all that may race. */
#include <pthread.h>
#include <tests/support/tasks.h>
#include <tests/support/test.h>

/* ---- Waiting ---- */

struct waiters {
    filch_context *context;
    signpost about_to, told, wrong;
};

static void wait_for_cause(struct waiters *w)
{
    signpost_raise(&w->about_to);
    if (filch_context_wait(w->context, FILCH_FOREVER) != -ENOLINK)
        signpost_raise(&w->wrong);
    signpost_raise(&w->told);
}

static void select_cause(struct waiters *w)
{
    filch_case cases[] = {FILCH_DONE(NULL), FILCH_DONE(w->context),
                          FILCH_UNTIL(filch_in(1000 * FILCH_SECOND))};
    signpost_raise(&w->about_to);
    if (filch_select(cases, 3) != 1 || cases[1].code != -ENOLINK)
        signpost_raise(&w->wrong);
    signpost_raise(&w->told);
}

static void go_wait(filch_self self, void *arg)
{
    wait_for_cause(arg);
}

static void go_select(filch_self self, void *arg)
{
    select_cause(arg);
}

static void *thread_waits(void *arg)
{
    wait_for_cause(arg);
    return NULL;
}

static void *thread_selects(void *arg)
{
    select_cause(arg);
    return NULL;
}

static void wakes_everybody(unsigned workers, const char *queue)
{
    enum { TASKS = 100 };
    pthread_t threads[4];
    filch_context *root = child_of(NULL);
    struct waiters w = {.context = child_of(root)};
    filch_runtime *rt;
    filch_config config = {.workers = workers, .queue = queue, .max_fibers = 1000000};
    OK(filch_runtime_create(&rt, &config));
    for (int i = 0; i < TASKS; i++)
        OK(filch_go(rt, i % 2 ? go_wait : go_select, &w));
    for (int i = 0; i < 4; i++)
        pthread_create(&threads[i], NULL, i % 2 ? thread_waits : thread_selects, &w);
    signpost_wait(&w.about_to, TASKS + 4);
    cr_assert_eq(signpost_count(&w.told), 0);
    OK(filch_context_cancel(root, -ENOLINK));
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    OK(filch_runtime_destroy(rt));
    cr_assert_eq(signpost_count(&w.told), TASKS + 4);
    cr_assert_eq(signpost_count(&w.wrong), 0);
    filch_context_release(w.context);
    filch_context_release(root);
}

Test(cancellations, all_waiters_learn_cause)
{
    static const unsigned workers[] = {1, 2, 8, 64};
    for (unsigned i = 0; i < 8; i++)
        wakes_everybody(workers[i / 2], fib_queues[i % 2]);
}

/* ---- Races ---- */

/* Parties on 64 workers and on threads make children below a common parent, with and without
 * deadlines, wait for them, cancel and release them, while one of them cancels the parent. */
struct race {
    filch_context *root;
    filch_u32 winners, cause;
    signpost parties;
    uint64_t seed;
};

static void child_in_race(struct race *race, uint64_t random)
{
    filch_context *child, *below;
    if (random & 1)
        child = until(race->root, filch_in((int64_t)(random >> 8) % 50000));
    else
        child = child_of(race->root);
    below = random & 2 ? until(child, filch_in((int64_t)(random >> 24) % 50000)) : child_of(child);
    if (random & 4)
        filch_context_release(child);
    if (random & 8)
        filch_context_wait(below, filch_in((int64_t)(random >> 40) % 50000));
    if (random & 16)
        filch_context_cancel(below, -EDOM);
    if (!(random & 4)) {
        if (random & 32)
            filch_context_cancel(child, -ERANGE);
        filch_context_release(child);
    }
    filch_context_release(below);
}

static void take_part(struct race *race)
{
    unsigned number = filch_u32_add(&race->parties, 1, FILCH_ACQ_REL);
    uint64_t random = stress_mix(race->seed + number);
    for (unsigned i = 0; i < 10; i++) {
        child_in_race(race, random);
        random = stress_mix(random);
    }
    if (number % 8 == 3) {
        int cause = -1 - (int)number;
        if (filch_context_cancel(race->root, cause) == 0) {
            filch_u32_add(&race->winners, 1, FILCH_ACQ_REL);
            filch_u32_add(&race->cause, (uint32_t)-cause, FILCH_ACQ_REL);
        }
        filch_context *late = child_of(race->root);
        cr_assert_eq(filch_context_cause(late), filch_context_cause(race->root));
        cr_assert_neq(filch_context_cause(late), 0);
        filch_context_release(late);
    }
}

static void go_race(filch_self self, void *arg)
{
    take_part(arg);
}

static void *thread_races(void *arg)
{
    for (int i = 0; i < 8; i++)
        take_part(arg);
    return NULL;
}

static void run_race(unsigned workers, const char *queue, uint64_t seed)
{
    pthread_t threads[3];
    struct race race = {.root = child_of(NULL), .seed = seed};
    filch_runtime *rt;
    filch_config config = {.workers = workers, .queue = queue, .max_fibers = 1000000};
    OK(filch_runtime_create(&rt, &config));
    for (int i = 0; i < 3; i++)
        pthread_create(&threads[i], NULL, thread_races, &race);
    for (unsigned i = stress_times(200); i; i--)
        OK(filch_go(rt, go_race, &race));
    for (int i = 0; i < 3; i++)
        pthread_join(threads[i], NULL);
    OK(filch_runtime_destroy(rt));
    cr_assert_eq(filch_u32_load(&race.winners, FILCH_ACQUIRE), 1, "of all who cancel it one has");
    cr_assert_eq(filch_context_cause(race.root), -(int)filch_u32_load(&race.cause, FILCH_ACQUIRE));
    filch_context_release(race.root);
}

Test(cancellations, cancel_create_release_deadlines_may_race)
{
    static const unsigned workers[] = {1, 2, 8, 64};
    uint64_t seed = stress_seed();
    for (unsigned i = 0; i < 8; i++)
        run_race(workers[i / 2], fib_queues[i % 2], stress_mix(seed + i));
}
