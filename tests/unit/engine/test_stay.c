/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Tasks that keep their thread: filch_stay_begin and filch_stay_end. */
#include <errno.h>
#include <pthread.h>
#include <tests/support/engine.h>
#include <tests/support/tasks.h>
#include <tests/support/test.h>

enum { TURNS = 40, MANY = 6 };

/* ---- One thread ---- */

static void block(void *arg)
{
    *(pthread_t *)arg = pthread_self();
}

/* Waits in many ways; each is on the same thread before and after. */
static unsigned moves(filch_self self, filch_channel *channel, unsigned turns)
{
    pthread_t home = pthread_self(), elsewhere;
    unsigned moved = 0;
    for (unsigned i = 0; i < turns; i++) {
        int value = (int)i;
        filch_yield(self);
        moved += !pthread_equal(pthread_self(), home);
        FILCH_FORK(fib, 12);
        FILCH_FORK(fib, 3);
        filch_yield(self);
        FILCH_JOIN(long few, fib);
        FILCH_JOIN(long many, fib);
        moved += few != 2 || many != 144 || !pthread_equal(pthread_self(), home);
        filch_sleep(FILCH_MILLISECOND / 50);
        moved += !pthread_equal(pthread_self(), home);
        filch_channel_send(channel, &value);
        moved += !pthread_equal(pthread_self(), home);
        filch_channel_receive(channel, &value);
        moved += !pthread_equal(pthread_self(), home);
        filch_blocking(block, &elsewhere);
        moved += !pthread_equal(pthread_self(), home);
    }
    return moved;
}

static filch_channel *channel;
static filch_u32 moved;

static int stays(filch_self self, filch_scope *scope, void *unused)
{
    filch_stay_begin(self);
    filch_stay_begin(self);
    unsigned times = moves(self, channel, TURNS / 2);
    filch_stay_end(self);
    times += moves(self, channel, TURNS / 2);
    filch_stay_end(self);
    filch_u32_add(&moved, times, FILCH_RELAXED);
    return 0;
}

static int wanders(filch_self self, filch_scope *scope, void *unused)
{
    moves(self, channel, TURNS);
    return 0;
}

FILCH_TASK(int, stay_beside_others)
{
    filch_scope scope;
    int rc = filch_scope_begin(&scope, NULL, NULL);
    for (unsigned i = 0; i < MANY; i++) {
        rc |= FILCH_SPAWN(&scope, stays, NULL);
        rc |= FILCH_SPAWN(&scope, wanders, NULL);
    }
    return rc | filch_scope_end(&scope);
}

static unsigned homed(const filch_runtime *rt)
{
    unsigned sum = 0;
    for (unsigned i = 0; i < filch_runtime_max_workers(rt); i++)
        sum += filch_u32_load(&rt->worker[i]->homed, FILCH_RELAXED);
    return sum;
}

static void stay_in(const filch_config *config)
{
    filch_runtime *rt = NULL;
    OK(filch_runtime_create(&rt, config));
    OK(filch_channel_create(&channel, sizeof(int), 2));
    filch_u32_store(&moved, 0, FILCH_RELAXED);
    cr_assert_eq(FILCH_RUN(rt, stay_beside_others), 0);
    cr_assert_eq(filch_u32_load(&moved, FILCH_RELAXED), 0);
    cr_assert_eq(homed(rt), 0);
    filch_channel_destroy(channel);
    OK(filch_runtime_destroy(rt));
}

Test(stay, it_keeps_its_thread)
{
    static const unsigned workers[] = {1, 2, 8};
    static const char *const queues[] = {"chase-lev", "central-mutex", "the"};
    for (unsigned i = 0; i < 3; i++)
        for (unsigned q = 0; q < 3; q++)
            stay_in(&(filch_config){.workers = workers[i], .queue = queues[q]});
}

Test(stay, also_where_fibers_are_few)
{
    stay_in(&(filch_config){.workers = 2, .max_fibers = 6});
}

Test(stay, also_beside_workers_that_stay_awake)
{
    stay_in(&(filch_config){.workers = 2, .idle = "yield"});
}

/* ---- Its worker ---- */

static signpost begun, go_on;

/* Until told, and longer. */
static int stays_long(filch_self self, filch_scope *scope, void *unused)
{
    filch_stay_begin(self);
    int at = filch_worker_index();
    signpost_raise(&begun);
    signpost_wait(&go_on, 1);
    for (unsigned i = 0; i < 20; i++) {
        filch_sleep(FILCH_MILLISECOND / 10);
        if (filch_worker_index() != at)
            filch_u32_add(&moved, 1, FILCH_RELAXED);
    }
    filch_stay_end(self);
    return 0;
}

Test(stay, a_surplus_worker_retires_afterwards)
{
    filch_scope scope;
    filch_runtime *rt = guest_runtime(4);
    OK(filch_scope_begin(&scope, rt, NULL));
    for (unsigned i = 0; i < 4; i++)
        cr_assert_eq(FILCH_SPAWN(&scope, stays_long, NULL), 0);
    signpost_wait(&begun, 4);
    cr_assert_eq(homed(rt), 4);
    OK(filch_runtime_resize(rt, 1));
    signpost_raise(&go_on);
    OK(filch_scope_end(&scope));
    cr_assert_eq(filch_u32_load(&moved, FILCH_RELAXED), 0);
    for (unsigned i = 1; i < 4; i++)
        WAIT_WHILE(filch_u32_load(&rt->worker[i]->park_word, FILCH_ACQUIRE) != FL_PARK_RETIRED);
    OK(filch_runtime_destroy(rt));
}

FILCH_TASK(int, stays_and_sleeps)
{
    filch_stay_begin(self);
    signpost_raise(&begun);
    while (!signpost_count(&go_on))
        filch_sleep(FILCH_MILLISECOND / 10);
    filch_stay_end(self);
    return filch_worker_index();
}

FILCH_TASK(int, where)
{
    return filch_worker_index();
}

static void *run_and_stay(void *rt)
{
    return (void *)(intptr_t)FILCH_RUN(rt, stays_and_sleeps);
}

/* Guests borrow other workers, or wait for this one. */
Test(stay, its_worker_is_not_lent)
{
    static const unsigned workers[] = {1, 2};
    for (unsigned i = 0; i < 2; i++) {
        pthread_t thread;
        void *home;
        filch_runtime *rt = NULL;
        filch_config config = {.workers = workers[i], .guest = i ? "1" : "0"};
        filch_u32_store(&begun, 0, FILCH_RELEASE);
        filch_u32_store(&go_on, 0, FILCH_RELEASE);
        OK(filch_runtime_create(&rt, &config));
        cr_assert_eq(pthread_create(&thread, NULL, run_and_stay, rt), 0);
        signpost_wait(&begun, 1);
        for (unsigned k = 0; k < 200; k++)
            cr_assert_geq(FILCH_RUN(rt, where), 0);
        signpost_raise(&go_on);
        pthread_join(thread, &home);
        OK(filch_runtime_destroy(rt));
    }
}

/* ---- Ends ---- */

static void stays_and_panics(filch_self self, void *unused)
{
    filch_stay_begin(self);
    filch_stay_begin(self);
    FILCH_PANIC(-EPROTO, "on purpose");
}

static int stays_through_panics(filch_self self, filch_scope *scope, void *unused)
{
    for (unsigned i = 0; i < 10; i++) {
        if (filch_try(self, stays_and_panics, NULL, NULL) != -EPROTO)
            return -EINVAL;
        filch_yield(self);
    }
    filch_stay_begin(self);
    if (filch_try(self, stays_and_panics, NULL, NULL) != -EPROTO ||
        filch_blocking_begin() != -EBUSY)
        return -EINVAL;
    filch_stay_end(self);
    int rc = filch_blocking_begin();
    if (!rc)
        filch_blocking_end(); /* returns errno, which may be left over */
    return rc;
}

Test(stay, a_panic_ends_it)
{
    filch_scope scope;
    filch_runtime *rt = guest_runtime(2);
    OK(filch_scope_begin(&scope, rt, NULL));
    cr_assert_eq(FILCH_SPAWN(&scope, stays_through_panics, NULL), 0);
    cr_assert_eq(filch_scope_end(&scope), 0, "%s", filch_scope_failure(&scope)->message);
    cr_assert_eq(homed(rt), 0);
    OK(filch_runtime_destroy(rt));
}

FILCH_TASK(int, begins_and_ends_on_a_guest)
{
    filch_stay_begin(self);
    filch_yield(self);
    filch_stay_end(self);
    return fib(self, 10) == 55;
}

Test(stay, a_guest_stays_anyway)
{
    filch_runtime *rt = guest_asleep(2);
    cr_assert(FILCH_RUN(rt, begins_and_ends_on_a_guest));
    expect_rest(rt);
}

FILCH_VOID_TASK(only_ends)
{
    filch_stay_end(self);
}

FILCH_VOID_TASK(only_begins)
{
    filch_stay_begin(self);
}

static filch_runtime *without_guests(void)
{
    filch_runtime *rt = NULL;
    CHILD_CHECK(filch_runtime_create(&rt, &(filch_config){.workers = 1, .guest = "0"}) == 0);
    return rt;
}

static filch_self strange; /* of a task that waits */
static void (*stranger)(filch_self self);

static int lends_self(filch_self self, filch_scope *scope, void *unused)
{
    strange = self;
    signpost_raise(&begun);
    filch_sleep(10 * FILCH_SECOND);
    return 0;
}

static void call_as_stranger(void)
{
    filch_scope scope;
    filch_runtime *rt = without_guests();
    CHILD_CHECK(filch_scope_begin(&scope, rt, NULL) == 0);
    CHILD_CHECK(FILCH_SPAWN(&scope, lends_self, NULL) == 0);
    signpost_wait(&begun, 1);
    stranger(strange);
}

static void end_only(void)
{
    FILCH_RUN(without_guests(), only_ends);
}

static void begin_only(void)
{
    FILCH_RUN(without_guests(), only_begins);
}

Test(stay, mistakes_die)
{
    struct child child;
    child_run(&child, end_only);
    cr_assert(child_died(&child, "filch_stay_end without filch_stay_begin"), "%s", child.text);
    stranger = filch_stay_begin;
    child_run(&child, call_as_stranger);
    cr_assert(child_died(&child, "filch_stay_begin with the self of a task that does not run"),
              "%s", child.text);
    stranger = filch_stay_end;
    child_run(&child, call_as_stranger);
    cr_assert(child_died(&child, "filch_stay_end with the self of a task that does not run"), "%s",
              child.text);
    child_run(&child, begin_only);
    cr_assert(child_died(&child, "task only_begins ended between filch_stay_begin and"), "%s",
              child.text);
}
