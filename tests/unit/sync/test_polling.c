/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A task that polls with calls that do not wait, or not for long, lets another ready task of its
 * only worker begin: at the first sleep, else within some turns (runtime/engine/find_work.h). */
#include <runtime/engine/find_work.h>
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
