/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A task that polls with calls that do not wait, or not for long, lets another ready task of its
 * only worker begin: at the first sleep, else within some turns (runtime/engine/find_work.h). */
#include <runtime/engine/find_work.h>

#include <runtime/sync/deadlock.h>
#include <tests/support/deadlock.h>
#include <tests/support/test.h>

enum { TURNS = 4 * FL_FIND_TURN };

static struct {
    filch_channel *empty;
    filch_context *context;
    filch_mutex mutex;
    filch_semaphore semaphore;
    filch_waitgroup group;
    filch_future future;
} at;

static void sleep_shortly(void)
{
    filch_sleep(1);
}

static void sleep_beside_context(void)
{
    filch_context_sleep(at.context, 1);
}

static void sleep_until_past(void)
{
    filch_sleep_until(1);
}

static void receive(void)
{
    filch_channel_receive_until(at.empty, &(int){0}, 1);
}

static void receive_until_0(void)
{
    filch_channel_receive_until(at.empty, &(int){0}, 0);
}

static void try_receive(void)
{
    filch_channel_try_receive(at.empty, &(int){0});
}

static void lock(void)
{
    filch_mutex_lock_until(&at.mutex, 1);
}

static void try_lock(void)
{
    filch_mutex_try_lock(&at.mutex);
}

static void try_acquire(void)
{
    filch_semaphore_try_acquire(&at.semaphore, 1);
}

static void wait_for_group(void)
{
    filch_waitgroup_wait_until(&at.group, 0);
}

static void await(void)
{
    filch_await_until(&at.future, 0);
}

static void wait_for_context(void)
{
    filch_context_wait(at.context, 1);
}

static void select_until_0(void)
{
    filch_select((filch_case[]){FILCH_RECEIVE(at.empty, &(int){0}), FILCH_UNTIL(0)}, 2);
}

static const struct poll {
    void (*call)(void);
    int most; /* calls before the other task begins */
} polls[] = {
    {sleep_shortly, 1},
    {sleep_beside_context, 1},
    {sleep_until_past, TURNS},
    {receive, TURNS},
    {receive_until_0, TURNS},
    {try_receive, TURNS},
    {lock, TURNS},
    {try_lock, TURNS},
    {try_acquire, TURNS},
    {wait_for_group, TURNS},
    {await, TURNS},
    {wait_for_context, TURNS},
    {select_until_0, TURNS},
};

static struct {
    const struct poll *poll;
    filch_u32 begun;
    int calls;
    filch_waitgroup over;
} trial;

static void begins(filch_self self, void *unused)
{
    filch_u32_store(&trial.begun, 1, FILCH_RELAXED);
    filch_waitgroup_done(&trial.over);
}

static void polls_for_it(filch_self self, void *unused)
{
    filch_go(NULL, begins, NULL);
    while (!filch_u32_load(&trial.begun, FILCH_RELAXED) && trial.calls <= TURNS) {
        trial.poll->call();
        trial.calls++;
    }
    filch_waitgroup_done(&trial.over);
}

Test(polling, polling_lets_other_tasks_begin, .timeout = 60)
{
    filch_runtime *rt;
    cr_assert(!filch_runtime_create(&rt, &(filch_config){.workers = 1}));
    cr_assert(!filch_channel_create(&at.empty, sizeof(int), 1));
    cr_assert(!filch_context_create(&at.context, NULL));
    filch_mutex_lock(&at.mutex);
    filch_waitgroup_add(&at.group, 1);
    for (unsigned i = 0; i < sizeof polls / sizeof *polls; i++) {
        trial.poll = &polls[i];
        trial.calls = 0;
        filch_u32_store(&trial.begun, 0, FILCH_RELAXED);
        filch_waitgroup_add(&trial.over, 2);
        cr_assert(!filch_go(rt, polls_for_it, NULL));
        filch_waitgroup_wait(&trial.over);
        cr_assert_leq(trial.calls, trial.poll->most, "poll %u: %d calls", i, trial.calls);
    }
    filch_channel_destroy(at.empty);
    filch_context_release(at.context);
    cr_assert(!filch_runtime_destroy(rt));
}

/* Standstill at max_fibers while a thread polls with a timer: it is named after a second, with the
 * number and the variable, and again when it has lasted twice as long. */

static const unsigned numbers[] = {1, 2, 8};
enum { NUMBERS = sizeof numbers / sizeof *numbers, TASKS = 50 };

static filch_channel *items;
static filch_u32 reports, ended;
static char wanted[64];

static void hear(const char *report, void *unused)
{
    if (strstr(report, "standstill for ") && strstr(report, wanted) &&
        strstr(report, "max_fibers (FILCH_MAX_FIBERS) above "))
        filch_u32_add(&reports, 1, FILCH_RELEASE);
}

static void receives_one(filch_self self, void *unused)
{
    receives(self, items);
    filch_u32_add(&ended, 1, FILCH_RELEASE);
}

static void poll_until_reported_twice(void)
{
    filch_runtime *rt;
    unsigned fibers = deadlock_workers + 4;
    snprintf(wanted, sizeof wanted, "all %u fibers wait", fibers);
    setenv("FILCH_DEADLOCK", "warn", 1);
    filch_on_deadlock(hear, NULL);
    alarm(60);
    CHILD_CHECK(!filch_runtime_create(&rt, &(filch_config){.workers = deadlock_workers,
                                                           .max_fibers = fibers}));
    items = deadlock_channel();
    for (unsigned i = 0; i < TASKS; i++)
        CHILD_CHECK(!filch_go(rt, receives_one, NULL));
    while (filch_u32_load(&reports, FILCH_ACQUIRE) < 2)
        filch_sleep(10 * FILCH_MILLISECOND); /* the thread polls with a timer */
    for (int i = 0; i < TASKS; i++)
        CHILD_CHECK(!filch_channel_send(items, &i));
    CHILD_CHECK(!filch_runtime_destroy(rt));
    CHILD_CHECK(filch_u32_load(&ended, FILCH_ACQUIRE) == TASKS);
}

Test(standstill, cap_is_named_while_thread_polls)
{
    for (unsigned i = 0; i < NUMBERS; i++) {
        struct child child;
        deadlock_workers = numbers[i];
        child_run(&child, poll_until_reported_twice);
        cr_assert(child_passed(&child), "%u workers: 0x%x: %s", deadlock_workers, child.status,
                  child.text);
    }
}
