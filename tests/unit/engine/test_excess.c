/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Excess forks: beyond a full fork stack tasks run at once, and joins get their results. */
#include <runtime/queue/queues.h>

#include <sched/forkstack.h>
#include <tests/support/tasks.h>
#include <tests/support/test.h>

enum { FULL = FL_SLOTS, MANY = FULL + 1000 };

FILCH_TASK(long, leaf, (long, n))
{
    return 3 * n + 1;
}

FILCH_VOID_TASK(panics_at, (long, n), (long, at))
{
    if (n == at)
        FILCH_PANIC(-EBADMSG, "%ld", n);
}

/* In a body: how many came back with another result than their own? */
FILCH_TASK(long, forks_many, (long, count))
{
    long wrong = 0;
    for (long i = 0; i < count; i++)
        FILCH_FORK(leaf, i);
    for (long i = count; i--;) {
        FILCH_JOIN(long one, leaf);
        wrong += one != 3 * i + 1;
    }
    return wrong;
}

/* In a function: up and down, so that the stack is full and has room by turns; two tasks. */
static long saws(filch_self self, long count)
{
    long wrong = 0, open = 0;
    for (long i = 0; i < count; i++, open++) {
        if (i & 1)
            FILCH_FORK(leaf, i);
        else
            FILCH_FORK(fib, (int)(i % 9));
        if (i % 7 == 6) {
            FILCH_FORK(leaf, -i);
            FILCH_JOIN(long one, leaf);
            wrong += one != 1 - 3 * i;
        }
    }
    while (open--) {
        long one, expected = 3 * open + 1;
        static const int fibs[] = {0, 1, 1, 2, 3, 5, 8, 13, 21};
        if (open & 1) {
            FILCH_JOIN(one, leaf);
        } else {
            FILCH_JOIN(one, fib);
            expected = fibs[open % 9];
        }
        wrong += one != expected;
    }
    return wrong;
}

FILCH_TASK(long, saws_twice, (long, count))
{
    return saws(self, count) + saws(self, count);
}

/* Excess tasks fork many themselves, and straight-line code runs among them. */
FILCH_TASK(long, nested, (long, count), (int, depth))
{
    long wrong = 0;
    for (long i = 0; i < count; i++)
        FILCH_FORK(leaf, i);
    if (depth) {
        FILCH_FORK(nested, count / 64, depth - 1);
        FILCH_FORK(fib, 10);
        long other = fib(self, 9);
        FILCH_JOIN(long one, fib);
        wrong += one != 55 || other != 34;
        FILCH_JOIN(long below, nested);
        wrong += below;
    }
    for (long i = count; i--;) {
        FILCH_JOIN(long one, leaf);
        wrong += one != 3 * i + 1;
    }
    return wrong;
}

static void forks_and_panics(filch_self self, void *at)
{
    for (long i = 0; i < MANY; i++)
        FILCH_FORK(panics_at, i, *(long *)at);
    for (long i = 0; i < MANY; i++)
        FILCH_JOIN_VOID(panics_at);
}

static void panics_itself(filch_self self, void *unused)
{
    for (long i = 0; i < MANY; i++)
        FILCH_FORK(panics_at, i, MANY - 1);
    FILCH_PANIC(-EPROTO, "with %ld unjoined forks", (long)MANY);
}

FILCH_TASK(long, catches)
{
    long wrong = 0, at = MANY - 10;
    wrong += filch_try(self, forks_and_panics, &at, NULL) != -EBADMSG;
    at = 5;
    wrong += filch_try(self, forks_and_panics, &at, NULL) != -EBADMSG;
    wrong += filch_try(self, panics_itself, NULL, NULL) != -EPROTO;
    return wrong + saws(self, 100);
}

static filch_runtime *runtime_of(unsigned workers, const char *queue)
{
    filch_runtime *rt = NULL;
    filch_config config = {.workers = workers, .max_workers = workers, .queue = queue};
    cr_assert_eq(filch_runtime_create(&rt, &config), 0, "%s", filch_error());
    return rt;
}

static void expect_right(unsigned workers, const char *queue)
{
    filch_runtime *rt = runtime_of(workers, queue);
    const char *name = queue ? queue : "default";
    cr_assert_eq(FILCH_RUN(rt, forks_many, MANY), 0, "%s, %u", name, workers);
    if (!BUILD_TSAN || !queue) /* it takes long */
        cr_assert_eq(FILCH_RUN(rt, saws_twice, MANY), 0, "%s, %u", name, workers);
    cr_assert_eq(FILCH_RUN(rt, nested, MANY, 2), 0, "%s, %u", name, workers);
    cr_assert_eq(FILCH_RUN(rt, catches), 0, "%s, %u", name, workers);
    OK(filch_runtime_destroy(rt));
}

Test(excess, excess_forks_return_own_results)
{
    expect_right(1, NULL);
    expect_right(2, NULL);
    expect_right(8, NULL);
}

Test(excess, their_number_has_no_bound)
{
    filch_runtime *rt = runtime_of(2, NULL);
    cr_assert_eq(FILCH_RUN(rt, forks_many, BUILD_TSAN ? 20000 : 1000000), 0);
    OK(filch_runtime_destroy(rt));
}

Test(excess, in_every_queue)
{
    for (unsigned i = 0; fl_queues[i]; i++) {
        expect_right(2, fl_queues[i]->name);
        if (!BUILD_TSAN)
            expect_right(1 + 7 * (i % 2), fl_queues[i]->name);
    }
}

/* A function that forks may be called where its caller has unjoined excess forks. */
static long calls_between(filch_self self, long depth)
{
    long wrong = 0, count = FL_ASIDE / 2 + 1;
    for (long i = 0; i < count; i++)
        FILCH_FORK(leaf, depth + i);
    if (depth)
        wrong = calls_between(self, depth - 1);
    for (long i = count; i--;) {
        FILCH_JOIN(long one, leaf);
        wrong += one != 3 * (depth + i) + 1;
    }
    return wrong;
}

FILCH_TASK(long, fills_and_calls)
{
    long wrong = 0;
    for (long i = 0; i < FULL; i++)
        FILCH_FORK(leaf, i);
    wrong += calls_between(self, 20);
    for (long i = FULL; i--;) {
        FILCH_JOIN(long one, leaf);
        wrong += one != 3 * i + 1;
    }
    return wrong;
}

Test(excess, caller_forks_are_restored_on_return)
{
    for (unsigned workers = 1; workers <= 2; workers++) {
        filch_runtime *rt = runtime_of(workers, NULL);
        cr_assert_eq(FILCH_RUN(rt, fills_and_calls), 0);
        OK(filch_runtime_destroy(rt));
    }
}

/* Cleanups of a task that panics among excess forks run once each, newest first. */
typedef struct cleanups {
    unsigned ran, wrong;
} cleanups;

static cleanups seen;

static void clean(void *arg)
{
    seen.wrong += (unsigned)(uintptr_t)arg != 2 - seen.ran++;
}

static void defers_and_panics(filch_self self, void *unused)
{
    filch_defer first, second, third;
    for (long i = 0; i < FULL; i++)
        FILCH_FORK(leaf, i);
    filch_defer_begin(self, &first, clean, (void *)0);
    for (long i = 0; i < FL_ASIDE; i++)
        FILCH_FORK(leaf, i);
    filch_defer_begin(self, &second, clean, (void *)1);
    FILCH_FORK(leaf, 0);
    filch_defer_begin(self, &third, clean, (void *)2);
    FILCH_PANIC(-EPROTO, "with cleanups");
}

FILCH_TASK(int, catches_with_cleanups)
{
    for (long i = 0; i < FULL; i++)
        FILCH_FORK(leaf, i);
    seen = (cleanups){0, 0};
    int wrong = filch_try(self, defers_and_panics, NULL, NULL) != -EPROTO;
    wrong += seen.ran != 3 || seen.wrong;
    for (long i = FULL; i--;) {
        FILCH_JOIN(long one, leaf);
        wrong += one != 3 * i + 1;
    }
    return wrong;
}

Test(excess, panic_runs_cleanups_keeps_caller_forks)
{
    for (unsigned workers = 1; workers <= 2; workers++) {
        filch_runtime *rt = runtime_of(workers, NULL);
        cr_assert_eq(FILCH_RUN(rt, catches_with_cleanups), 0);
        OK(filch_runtime_destroy(rt));
    }
}

/* Slots of excess forks: those that were moved to the heap name their tasks again when they come back,
 * and those that are free say nothing of earlier tasks, which a thief would believe. */

enum { COUNT = FL_SLOTS - FL_RESERVE + FL_ASIDE };

/* The first join moves self back among them; filch_join asks for their tasks. Returns how many results
 * were wrong. */
FILCH_TASK(long, joins_by_function)
{
    long wrong = 0;
    for (long i = 0; i < COUNT; i++)
        FILCH_FORK(leaf, i);
    FILCH_JOIN(long newest, leaf);
    wrong += newest != 3 * (COUNT - 1) + 1;
    for (unsigned i = 1; i < FL_ASIDE; i++)
        wrong += filch_join(--self) != 0; /* it has run */
    for (long i = COUNT - FL_ASIDE; i--;) {
        FILCH_JOIN(long one, leaf);
        wrong += one != 3 * i + 1;
    }
    return wrong;
}

/* How many slots of the reserve from self on have the state of an earlier task? */
static long stale_slots(filch_self self)
{
    long stale = 0;
    for (filch_slot *slot = self; slot < fl_last_slot(fl_forkstack_of(self)); slot++)
        stale += filch_ptr_load(&slot->state, FILCH_RELAXED) != NULL; /* its own */
    return stale;
}

FILCH_TASK(long, leaves_free_slots)
{
    long stale = 0;
    for (long i = 0; i < COUNT; i++)
        FILCH_FORK(leaf, i);
    stale += stale_slots(self); /* all of the reserve were moved */
    for (unsigned i = 1; i < FL_ASIDE; i++)
        FILCH_FORK(leaf, 0);
    for (unsigned i = 1; i < FL_ASIDE; i++) {
        FILCH_JOIN(long zeroth, leaf);
        stale += zeroth != 1;
        stale += stale_slots(self);
    }
    for (long i = COUNT; i--;) {
        FILCH_JOIN(long one, leaf);
        stale += one != 3 * i + 1;
    }
    return stale;
}

Test(excess_slots, are_blank_when_they_are_free)
{
    filch_runtime *rt = NULL;
    cr_assert_eq(filch_runtime_create(&rt, &(filch_config){.workers = 1}), 0, "%s", filch_error());
    cr_assert_eq(FILCH_RUN(rt, leaves_free_slots), 0);
    OK(filch_runtime_destroy(rt));
}

Test(excess_slots, moved_slots_keep_their_task_names)
{
    filch_runtime *rt = NULL;
    cr_assert_eq(filch_runtime_create(&rt, &(filch_config){.workers = 1}), 0, "%s", filch_error());
    cr_assert_eq(FILCH_RUN(rt, joins_by_function), 0);
    OK(filch_runtime_destroy(rt));
}
