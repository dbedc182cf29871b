/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The worker set: its maximum, growing and shrinking, from threads and from tasks. */
#include <pthread.h>

#include <stdlib.h>
#include <string.h>
#include <tests/support/engine.h>
#include <tests/support/tasks.h>
#include <tests/support/test.h>

/* ---- Numbers ---- */

Test(worker_set, counts_follow_last_resize)
{
    filch_runtime *rt = slots_runtime(2, SLOTS_MOST, NULL);
    cr_assert_eq(filch_runtime_workers(rt), 2);
    cr_assert_eq(filch_runtime_max_workers(rt), SLOTS_MOST);
    for (unsigned i = 1; i <= SLOTS_MOST; i++) {
        OK(filch_runtime_resize(rt, i));
        cr_assert_eq(filch_runtime_workers(rt), i);
    }
    cr_assert_eq(filch_runtime_max_workers(rt), SLOTS_MOST);
    filch_runtime_destroy(rt);
}

Test(worker_set, slot_count_defaults_to_workers)
{
    filch_runtime *rt = slots_runtime(3, 0, NULL);
    cr_assert_eq(filch_runtime_max_workers(rt), 3);
    filch_runtime_destroy(rt);
    rt = slots_runtime(3, 2, NULL);
    cr_assert_eq(filch_runtime_max_workers(rt), 3, "at least");
    cr_assert_eq(filch_runtime_workers(rt), 3);
    filch_runtime_destroy(rt);
}

Test(worker_set, the_environment_says_how_many_slots)
{
    setenv("FILCH_MAX_WORKERS", "7", 1);
    filch_runtime *rt = slots_runtime(3, 0, NULL);
    cr_assert_eq(filch_runtime_max_workers(rt), 7);
    filch_runtime_destroy(rt);
    setenv("FILCH_MAX_WORKERS", "0", 1);
    cr_assert_eq(filch_runtime_create(&rt, NULL), -EINVAL);
    cr_assert_not_null(strstr(filch_error(), "FILCH_MAX_WORKERS=0"));
    cr_assert_eq(filch_runtime_create(&rt, &(filch_config){.max_workers = 1025}), -EINVAL);
    cr_assert_not_null(strstr(filch_error(), "max_workers=1025"));
    unsetenv("FILCH_MAX_WORKERS");
}

Test(worker_set, out_of_bounds_resize_changes_nothing)
{
    filch_runtime *rt = slots_runtime(2, 4, NULL);
    cr_assert_eq(filch_runtime_resize(rt, 0), -EINVAL);
    cr_assert_eq(filch_runtime_resize(rt, 5), -EINVAL);
    cr_assert_not_null(strstr(filch_error(), "1 to 4"), "%s", filch_error());
    cr_assert_eq(filch_runtime_resize(NULL, 1), -EINVAL, "no task calls");
    cr_assert_eq(filch_runtime_workers(rt), 2);
    filch_runtime_destroy(rt);
}

Test(worker_set, it_is_described)
{
    filch_runtime *rt = slots_runtime(2, 5, NULL);
    char text[4096];
    filch_runtime_describe(rt, text, sizeof text);
    cr_assert_not_null(strstr(text, "slots        5"), "%s", text);
    filch_runtime_resize(rt, 5);
    filch_runtime_describe(rt, text, sizeof text);
    cr_assert_not_null(strstr(text, "workers      5, as configured"), "%s", text);
    filch_runtime_destroy(rt);
}

/* ---- Growing and shrinking ---- */

static void grow_and_shrink(const char *queue)
{
    filch_runtime *rt = slots_runtime(1, SLOTS_MOST, queue);
    static const unsigned sizes[] = {1, 2, SLOTS_MOST, 3, 1, SLOTS_MOST};
    for (unsigned i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        OK(filch_runtime_resize(rt, sizes[i]));
        wait_until_retired(rt);
        hold_workers(rt, sizes[i]);
        cr_assert_eq(FILCH_RUN(rt, fib, 15), 610);
    }
    filch_runtime_destroy(rt);
}

Test(worker_set, worker_count_follows_request)
{
    on_both(grow_and_shrink);
}

/* A job that keeps its worker: the others run once there is one worker more, which then retires,
 * and the stuck one goes on as if nothing had been. */
static void help_a_stuck_one(const char *queue)
{
    filch_runtime *rt = slots_runtime(1, 2, queue);
    hold stuck = {0};
    OK(filch_go(rt, slots_held, &stuck));
    signpost_wait(&stuck.came, 1);
    OK(filch_runtime_resize(rt, 2));
    cr_assert_eq(FILCH_RUN(rt, fib, 15), 610);
    OK(filch_runtime_resize(rt, 1));
    signpost_raise(&stuck.go);
    cr_assert_eq(FILCH_RUN(rt, fib, 15), 610);
    wait_until_retired(rt);
    filch_runtime_destroy(rt);
}

Test(worker_set, added_worker_helps_stuck_one)
{
    on_both(help_a_stuck_one);
}

/* ---- From tasks ---- */

static void resize_from_tasks(const char *queue)
{
    filch_runtime *rt = slots_runtime(2, SLOTS_MOST, queue);
    static const unsigned sizes[] = {1, SLOTS_MOST, 1, 2, 5, 1};
    for (unsigned i = 0; i < sizeof sizes / sizeof *sizes; i++)
        cr_assert_eq(FILCH_RUN(rt, resizes, sizes[i]), (int)sizes[i]);
    filch_runtime_destroy(rt);
}

Test(worker_set, tasks_resize)
{
    on_both(resize_from_tasks);
}

/* Destroy is called while a task still makes the runtime larger. */
static void grows_late(filch_self self, void *arg)
{
    filch_runtime *rt = arg;
    for (unsigned i = 1; i <= SLOTS_MOST; i++)
        if (filch_runtime_resize(rt, i))
            filch_die("%s", filch_error());
}

Test(worker_set, destroy_waits_for_whoever_resizes)
{
    for (unsigned i = 0; i < 50; i++) {
        filch_runtime *rt = slots_runtime(1, SLOTS_MOST, fib_queues[i % 2]);
        OK(filch_go(rt, grows_late, rt));
        OK(filch_runtime_destroy(rt));
    }
}

Test(worker_set, destroy_finds_retired_and_returning_workers)
{
    for (unsigned i = 0; i < 50; i++) {
        filch_runtime *rt = slots_runtime(1 + i % 3, SLOTS_MOST, fib_queues[i % 2]);
        OK(filch_runtime_resize(rt, 1 + i % SLOTS_MOST));
        if (i % 4)
            OK(filch_runtime_resize(rt, 1 + i / 4 % SLOTS_MOST));
        OK(filch_runtime_destroy(rt));
    }
}

/* ---- Storms ---- */

typedef struct storm {
    filch_runtime *rt;
    filch_u32 over;
} storm;

static void *resizes_on(void *arg)
{
    storm *s = arg;
    uint64_t random = (uintptr_t)&random;
    while (!filch_u32_load(&s->over, FILCH_ACQUIRE)) {
        random = random * UINT64_C(6364136223846793005) + 1442695040888963407u;
        if (filch_runtime_resize(s->rt, 1 + (random >> 40) % SLOTS_MOST))
            filch_die("%s", filch_error());
        if ((random >> 60) == 0)
            sched_yield();
    }
    return NULL;
}

static void storm_on(const char *queue)
{
    enum { RESIZERS = 3, ROUNDS = 150 };
    storm s = {.rt = slots_runtime(2, SLOTS_MOST, queue)};
    pthread_t threads[RESIZERS];
    for (unsigned i = 0; i < RESIZERS; i++)
        cr_assert_eq(pthread_create(&threads[i], NULL, resizes_on, &s), 0);
    for (unsigned i = 0; i < ROUNDS; i++)
        cr_assert_eq(FILCH_RUN(s.rt, fib, 13), 233);
    filch_u32_store(&s.over, 1, FILCH_RELEASE);
    for (unsigned i = 0; i < RESIZERS; i++)
        pthread_join(threads[i], NULL);
    OK(filch_runtime_resize(s.rt, SLOTS_MOST));
    hold_workers(s.rt, SLOTS_MOST);
    filch_runtime_destroy(s.rt);
}

Test(worker_set, tasks_survive_resize_storm)
{
    on_both(storm_on);
}

/* A surplus worker retires although two fibers that talk to each other always leave it something to
 * do; they go on elsewhere. */

typedef struct talk {
    filch_channel *there, *back;
    hold stuck;
    signpost begun, over, ended;
} talk;

static bool on_the_last(void)
{
    return filch_worker_index() == (int)filch_runtime_max_workers(filch_runtime_here()) - 1;
}

static void holds_the_first(filch_self self, void *arg)
{
    talk *t = arg;
    while (on_the_last())
        filch_yield(self);
    slots_held(self, &t->stuck);
}

/* Until it is told 0. */
static void answers(filch_self self, void *arg)
{
    talk *t = arg;
    int word = 1;
    while (word && !filch_channel_receive(t->there, &word))
        filch_channel_send(t->back, &word);
    signpost_raise(&t->ended);
}

static void asks(filch_self self, void *arg)
{
    talk *t = arg;
    int word = 1;
    filch_go(NULL, answers, t);
    while (word) {
        word = !signpost_count(&t->over);
        filch_channel_send(t->there, &word);
        filch_channel_receive(t->back, &word);
        signpost_raise(&t->begun);
    }
    signpost_raise(&t->ended);
}

static void retire_beneath_a_talk(const char *queue)
{
    talk t = {0};
    filch_runtime *rt = slots_runtime(2, 2, queue);
    OK(filch_channel_create(&t.there, sizeof(int), 0));
    OK(filch_channel_create(&t.back, sizeof(int), 0));
    OK(filch_go(rt, holds_the_first, &t));
    signpost_wait(&t.stuck.came, 1);
    OK(filch_go(rt, asks, &t));
    signpost_wait(&t.begun, 1);
    OK(filch_runtime_resize(rt, 1));
    WAIT_WHILE(!fl_idle_resting(fl_idle_look(&rt->idle)));
    signpost_raise(&t.over);
    signpost_raise(&t.stuck.go);
    signpost_wait(&t.ended, 2);
    OK(filch_runtime_destroy(rt));
    filch_channel_destroy(t.there);
    filch_channel_destroy(t.back);
}

/* Where fibers are few, workers starve for them, and a surplus one goes on with ready ones. */
Test(worker_set_talk, surplus_worker_retires_beneath_talking_fibers, .init = have_fibers)
{
    on_both(retire_beneath_a_talk);
}
