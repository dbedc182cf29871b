/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/platform/lock.h>
#include <tests/support/system.h>
#include <tests/support/tasks.h>
#include <tests/support/test.h>

Test(sync_mutex, zero_bytes_are_an_unlocked_mutex)
{
    filch_mutex mutex = {0};
    filch_mutex_lock(&mutex);
    filch_mutex_unlock(&mutex);
    OK(filch_mutex_try_lock(&mutex));
    filch_mutex_unlock(&mutex);
    OK(filch_mutex_lock_until(&mutex, 0));
    filch_mutex_unlock(&mutex);
}

Test(sync_mutex, failed_lock_attempt_changes_nothing)
{
    filch_mutex mutex = {0};
    filch_mutex_lock(&mutex);
    cr_assert_eq(filch_mutex_try_lock(&mutex), -EAGAIN);
    cr_assert_eq(filch_mutex_lock_until(&mutex, 0), -ETIMEDOUT);
    cr_assert_eq(filch_mutex_lock_until(&mutex, 1), -ETIMEDOUT);
    cr_assert_eq(filch_mutex_lock_until(&mutex, -1), -EINVAL);
    cr_assert(strstr(filch_error(), "deadline") != NULL);
    cr_assert_eq(filch_mutex_lock_until(&mutex, filch_in(FILCH_MILLISECOND)), -ETIMEDOUT);
    filch_mutex_unlock(&mutex);
    OK(filch_mutex_try_lock(&mutex));
}

/* ---- Tasks and threads count together ---- */

typedef struct counter {
    filch_mutex mutex;
    unsigned rounds, count; /* count: plain, under the mutex */
} counter;

static void count_on(filch_self self, void *arg, unsigned index)
{
    counter *one = arg;
    for (unsigned i = 0; i < one->rounds; i++) {
        filch_mutex_lock(&one->mutex);
        one->count++;
        if ((i + index) % 16 == 0)
            party_gives_way(self);
        filch_mutex_unlock(&one->mutex);
    }
}

Test(sync_mutex, tasks_and_threads_count_together)
{
    enum { TASKS = 12, THREADS = 3 };
    counter one = {.rounds = stress_times(300)};
    parties_meet_everywhere(TASKS, THREADS, count_on, &one);
    cr_assert_eq(one.count, CONFIGS * (TASKS + THREADS) * one.rounds);
}

/* ---- A worker goes on while a task waits ---- */

static void go_or_die(filch_runtime *rt, filch_go_fn *fn, void *arg)
{
    if (filch_go(rt, fn, arg))
        filch_die("%s", filch_error());
}

static filch_mutex gate;
static signpost passed, opened;

static void pass_gate(filch_self self, void *unused)
{
    filch_mutex_lock(&gate);
    signpost_raise(&passed);
    filch_mutex_unlock(&gate);
}

/* Runs when the others wait: the item pushed last is run first. */
static void open_gate(filch_self self, void *unused)
{
    signpost_raise(&opened);
    filch_mutex_unlock(&gate); /* that another has locked */
}

Test(sync_mutex, waiting_tasks_leave_worker_to_others)
{
    enum { WAITERS = BUILD_TINY ? 50 : 1000 };
    filch_runtime *rt = config_runtime(0, 1000000);
    filch_mutex_lock(&gate);
    for (int i = 0; i < WAITERS; i++)
        go_or_die(rt, pass_gate, NULL);
    go_or_die(rt, open_gate, NULL);
    OK(filch_runtime_destroy(rt));
    cr_assert_eq(signpost_count(&opened), 1);
    cr_assert_eq(signpost_count(&passed), WAITERS);
}

/* ---- Hand-over ---- */

static void take_patiently(filch_self self, void *unused, unsigned index)
{
    filch_mutex_lock(&gate);
    signpost_raise(&passed);
    signpost_wait(&opened, 1);
    filch_mutex_unlock(&gate);
}

static void *meet_patiently(void *rt)
{
    parties_meet(rt, 1, 0, take_patiently, NULL);
    return NULL;
}

/* Somebody waits in its queue. */
static bool waited_for(filch_mutex *mutex)
{
    fl_lock(&mutex->lock);
    bool any = mutex->waiters.first;
    fl_unlock(&mutex->lock);
    return any;
}

static void hand_over(filch_runtime *rt)
{
    pthread_t thread;
    opened = (signpost){0};
    filch_mutex_lock(&gate);
    cr_assert_eq(pthread_create(&thread, NULL, meet_patiently, rt), 0);
    WAIT_WHILE(!waited_for(&gate));
    for (int64_t until = filch_in(2 * FILCH_MILLISECOND); filch_now() < until;)
        sched_yield();
    filch_mutex_unlock(&gate);
    cr_assert_eq(filch_mutex_try_lock(&gate), -EAGAIN, "it was free for a moment");
    signpost_raise(&opened);
    pthread_join(thread, NULL);
}

Test(sync_mutex, waiter_gets_handoff_after_one_millisecond)
{
    enum { ROUNDS = 20 };
    filch_runtime *rt = config_runtime(2, 1000000);
    for (unsigned i = 0; i < ROUNDS; i++)
        hand_over(rt);
    cr_assert_eq(signpost_count(&passed), ROUNDS);
    OK(filch_runtime_destroy(rt));
    OK(filch_mutex_try_lock(&gate));
}

/* ---- Misuse ---- */

static void unlock_unlocked(void)
{
    filch_mutex mutex = {0};
    filch_mutex_lock(&mutex);
    filch_mutex_unlock(&mutex);
    filch_mutex_unlock(&mutex);
}

Test(sync_mutex, unlocking_unlocked_mutex_dies_by_name)
{
    struct child child;
    child_run(&child, unlock_unlocked);
    cr_assert(child_died(&child, "filch_mutex_unlock: the mutex is not locked"), "%s", child.text);
}
