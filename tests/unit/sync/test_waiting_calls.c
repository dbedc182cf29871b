/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Reports say in which public call a task waits: synchronisation, channels, futures, scopes. */
#include <tests/support/engine.h>
#include <tests/support/test.h>

/* ---- Synchronisation ---- */

static filch_mutex mutex;

static void lock_mutex(filch_self self)
{
    filch_mutex_lock(&mutex);
    now_it_waits();
    filch_mutex_lock(&mutex);
    filch_mutex_unlock(&mutex);
}

static void unlock_mutex(void)
{
    filch_mutex_unlock(&mutex);
}

static filch_rwlock rwlock;

static void lock_to_read(filch_self self)
{
    filch_rwlock_write_lock(&rwlock);
    now_it_waits();
    filch_rwlock_read_lock(&rwlock);
    filch_rwlock_read_unlock(&rwlock);
}

static void unlock_writer(void)
{
    filch_rwlock_write_unlock(&rwlock);
}

static void lock_to_write(filch_self self)
{
    filch_rwlock_read_lock(&rwlock);
    now_it_waits();
    filch_rwlock_write_lock(&rwlock);
    filch_rwlock_write_unlock(&rwlock);
}

static void unlock_reader(void)
{
    filch_rwlock_read_unlock(&rwlock);
}

static filch_semaphore semaphore;

static void acquire(filch_self self)
{
    now_it_waits();
    filch_semaphore_acquire(&semaphore, 1);
}

static void release(void)
{
    filch_semaphore_give_back(&semaphore, 1);
}

static filch_condition condition;

static void await_signal(filch_self self)
{
    filch_mutex_lock(&mutex);
    now_it_waits();
    filch_condition_wait(&condition, &mutex);
    filch_mutex_unlock(&mutex);
}

static void signal_condition(void)
{
    filch_condition_signal(&condition);
}

/* Takes the mutex, which is free once the other task waits for the condition, and keeps it. */
static void hold_mutex(filch_self self, void *unused)
{
    filch_mutex_lock(&mutex);
    filch_condition_signal(&condition);
}

static void lock_again(filch_self self)
{
    filch_mutex_lock(&mutex);
    OK(filch_go(NULL, hold_mutex, NULL));
    now_it_waits();
    filch_condition_wait(&condition, &mutex);
    filch_mutex_unlock(&mutex);
}

static filch_waitgroup group;

static void await_group(filch_self self)
{
    filch_waitgroup_add(&group, 1);
    now_it_waits();
    filch_waitgroup_wait(&group);
}

static void end_group(void)
{
    filch_waitgroup_done(&group);
}

static filch_once_flag flag;
static signpost inside;

static void take_long(void *unused)
{
    signpost_raise(&inside);
    filch_semaphore_acquire(&semaphore, 1);
}

static void call_once(filch_self self, void *unused)
{
    filch_once(&flag, take_long, NULL);
}

static void await_once(filch_self self)
{
    OK(filch_go(NULL, call_once, NULL));
    while (!signpost_count(&inside))
        filch_yield(self);
    now_it_waits();
    filch_once(&flag, take_long, NULL);
}

static filch_barrier barrier;

static void meet(filch_self self)
{
    OK(filch_barrier_init(&barrier, 2));
    now_it_waits();
    filch_barrier_wait(&barrier, FILCH_FOREVER);
}

static void meet_it(void)
{
    filch_barrier_wait(&barrier, FILCH_FOREVER);
}

/* ---- Channels, futures, scopes, contexts ---- */

static filch_channel *channel;

static void make_channel(void)
{
    filch_channel_destroy(channel);
    OK(filch_channel_create(&channel, 1, 0));
}

static void send_one(filch_self self)
{
    make_channel();
    now_it_waits();
    filch_channel_send(channel, "x");
}

static void receive_it(void)
{
    char item;
    OK(filch_channel_receive(channel, &item));
}

static void receive_one(filch_self self)
{
    char item;
    make_channel();
    now_it_waits();
    filch_channel_receive(channel, &item);
}

static void send_it(void)
{
    OK(filch_channel_send(channel, "x"));
}

static void select_one(filch_self self)
{
    char item;
    make_channel();
    filch_case one = FILCH_RECEIVE(channel, &item);
    now_it_waits();
    filch_select(&one, 1);
}

static filch_future future;

static void await_future(filch_self self)
{
    now_it_waits();
    filch_await(&future);
}

static void set_future(void)
{
    OK(filch_future_set(&future, "x", 1));
}

static int acquires(filch_self self, filch_scope *scope, void *unused)
{
    filch_semaphore_acquire(&semaphore, 1);
    return 0;
}

static void spawn_and(int (*end)(filch_scope *scope))
{
    filch_scope scope;
    OK(filch_scope_begin(&scope, NULL, NULL));
    cr_assert_eq(FILCH_SPAWN(&scope, acquires, NULL), 0);
    now_it_waits();
    end(&scope);
    if (end != filch_scope_end)
        filch_scope_end(&scope);
}

static int wait_for_scope(filch_scope *scope)
{
    return filch_scope_wait(scope, FILCH_FOREVER);
}

static void await_children(filch_self self)
{
    spawn_and(wait_for_scope);
}

static void close_scope(filch_self self)
{
    spawn_and(filch_scope_end);
}

static void await_context(filch_self self)
{
    waiting_make_context();
    now_it_waits();
    filch_context_wait(waiting_context, FILCH_FOREVER);
    filch_context_release(waiting_context);
}

static void sleep_in_context(filch_self self)
{
    waiting_make_context();
    now_it_waits();
    filch_context_sleep(waiting_context, 1000 * FILCH_SECOND);
    filch_context_release(waiting_context);
}

/* ---- All ---- */

static const waiting_call rows[] = {
    {"filch_mutex_lock", lock_mutex, unlock_mutex, 0},
    {"filch_rwlock_read_lock", lock_to_read, unlock_writer, 0},
    {"filch_rwlock_write_lock", lock_to_write, unlock_reader, 0},
    {"filch_semaphore_acquire", acquire, release, 0},
    {"filch_condition_wait", await_signal, signal_condition, 0},
    {"filch_waitgroup_wait", await_group, end_group, 0},
    {"filch_once", await_once, release, 0},
    {"filch_barrier_wait", meet, meet_it, 0},
    {"filch_channel_send", send_one, receive_it, 0},
    {"filch_channel_receive", receive_one, send_it, 0},
    {"filch_select", select_one, send_it, 0},
    {"filch_await", await_future, set_future, 0},
    {"filch_scope_wait", await_children, release, 0},
    {"filch_scope_end", close_scope, release, 0},
    {"filch_context_wait", await_context, waiting_cancel, 0},
    {"filch_context_sleep", sleep_in_context, waiting_cancel, 0},
};

Test(waiting_calls, each_is_named_while_it_waits)
{
    expect_names(rows, sizeof rows / sizeof *rows);
    filch_channel_destroy(channel);
}

/* Its second wait, for the mutex, is a part of the same call. */
static const waiting_call second = {"filch_condition_wait", lock_again, unlock_mutex, 0};

Test(waiting_calls, condition_relocking_mutex_stays_named)
{
    OK(filch_runtime_create(&waiting_rt, &(filch_config){.workers = 1}));
    OK(filch_go(waiting_rt, make_the_call, (void *)(uintptr_t)&second));
    signpost_wait(&waiting_begins, 1);
    WAIT_WHILE(filch_ptr_load(&waiting_fiber->waits_for, FILCH_ACQUIRE) != &mutex);
    cr_assert_str_eq(filch_ptr_load(&waiting_fiber->waits_in, FILCH_ACQUIRE), second.name);
    unlock_mutex();
    signpost_wait(&waiting_ended, 1);
    OK(filch_runtime_destroy(waiting_rt));
}
