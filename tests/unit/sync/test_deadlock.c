/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * States that are a deadlock for the detector, and states that are not. */
#include <pthread.h>
#include <tests/support/deadlock.h>
#include <tests/support/tasks.h>
#include <tests/support/test.h>

/* ---- What is found ---- */

static void receive_what_nobody_sends(void)
{
    filch_runtime *rt = deadlock_runtime();
    filch_go(rt, receives, deadlock_channel());
    filch_runtime_destroy(rt);
}

static signpost begun;

FILCH_TASK(int, receiver, (filch_channel *, from))
{
    int item = 0;
    signpost_raise(&begun);
    filch_channel_receive(from, &item);
    return item;
}

static void run_what_waits_for_ever(void)
{
    filch_runtime *rt = deadlock_runtime();
    (void)FILCH_RUN(rt, receiver, deadlock_channel());
}

FILCH_TASK(int, forker, (filch_channel *, from))
{
    FILCH_FORK(receiver, from);
    while (!signpost_count(&begun)) /* until a thief runs it */
        filch_yield(self);
    FILCH_JOIN(int item, receiver);
    return item;
}

static void join_what_waits_for_ever(void)
{
    filch_runtime *rt = deadlock_runtime();
    (void)FILCH_RUN(rt, forker, deadlock_channel());
}

static struct fork_and_knife {
    filch_mutex first, second;
    signpost held;
} table;

static void eats(filch_self self, void *arg)
{
    filch_mutex *left = arg, *right = left == &table.first ? &table.second : &table.first;
    filch_mutex_lock(left);
    signpost_raise(&table.held);
    while (signpost_count(&table.held) < 2)
        filch_yield(self);
    filch_mutex_lock(right);
}

static void lock_in_opposite_orders(void)
{
    filch_runtime *rt = deadlock_runtime();
    filch_go(rt, eats, &table.first);
    filch_go(rt, eats, &table.second);
    filch_runtime_destroy(rt);
}

static filch_waitgroup group;

static void waits_for_group(filch_self self, void *unused)
{
    filch_waitgroup_wait(&group);
}

static void wait_for_a_group_that_is_never_done(void)
{
    filch_runtime *rt = deadlock_runtime();
    filch_waitgroup_add(&group, 1);
    filch_go(rt, waits_for_group, NULL);
    filch_waitgroup_wait(&group);
}

static void selects(filch_self self, void *arg)
{
    int item = 0;
    filch_case cases[] = {FILCH_RECEIVE(arg, &item), FILCH_SEND(arg, &item)};
    filch_select(cases, 2);
}

static void select_what_never_happens(void)
{
    filch_runtime *rt = deadlock_runtime();
    filch_go(rt, selects, deadlock_channel());
    filch_runtime_destroy(rt);
}

static void *thread_ends(void *arg)
{
    filch_channel_try_receive(arg, NULL);
    return NULL;
}

/* One that called Filch and has ended, one that waits; then this one. */
static void wait_with_threads(void)
{
    filch_runtime *rt = deadlock_runtime();
    filch_channel *nothing = deadlock_channel();
    pthread_t one, other;
    CHILD_CHECK(!pthread_create(&one, NULL, thread_ends, nothing));
    CHILD_CHECK(!pthread_join(one, NULL));
    CHILD_CHECK(!pthread_create(&other, NULL, thread_receives, nothing));
    filch_go(rt, receives, nothing);
    filch_runtime_destroy(rt);
}

static void wait_across_runtimes(void)
{
    filch_runtime *one = deadlock_runtime();
    filch_channel *nothing = deadlock_channel();
    deadlock_runtime();
    filch_go(one, receives, nothing);
    thread_receives(nothing);
}

/* A task that was all right for long; a timer that is over. */
static void sleeps_and_receives(filch_self self, void *arg)
{
    filch_sleep(20 * FILCH_MILLISECOND);
    receives(self, arg);
}

static void wait_after_a_timer(void)
{
    filch_runtime *rt = deadlock_runtime();
    filch_go(rt, sleeps_and_receives, deadlock_channel());
    filch_runtime_destroy(rt);
}

static void calls_and_receives(filch_self self, void *arg)
{
    filch_blocking_begin();
    usleep(20000);
    filch_blocking_end();
    receives(self, arg);
}

static void wait_after_a_blocking_call(void)
{
    filch_runtime *rt = deadlock_runtime();
    filch_go(rt, calls_and_receives, deadlock_channel());
    filch_runtime_destroy(rt);
}

static void wait_while_most_workers_are_retired(void)
{
    filch_runtime *rt;
    filch_config config = {.workers = deadlock_workers,
                           .max_workers = deadlock_workers + 2,
                           .queue = deadlock_queue};
    CHILD_CHECK(!filch_runtime_create(&rt, &config));
    CHILD_CHECK(!filch_runtime_resize(rt, deadlock_workers + 1) && !filch_runtime_resize(rt, 1));
    filch_go(rt, receives, deadlock_channel());
    filch_runtime_destroy(rt);
}

/* The last worker to sleep has told the detector of nothing. */
static void block_as_the_last(void)
{
    filch_runtime *rt = deadlock_runtime();
    filch_channel *nothing = deadlock_channel();
    filch_go(rt, receives, nothing);
    usleep(LONG * 1000);
    thread_receives(nothing);
}

static const struct deadlock {
    void (*work)(void);
    const char *says[5];
} deadlocks[] = {
    {receive_what_nobody_sends,
     {"1 task waits", "task receives, spawned at ", "test_deadlock.c",
      "waits in filch_channel_receive for 0x", "1 thread waits"}},
    {run_what_waits_for_ever,
     {"task receiver, spawned at ", "test_deadlock.c", " waits in filch_channel_receive for 0x",
      "1 thread waits"}},
    {join_what_waits_for_ever,
     {"task forker, spawned at ", " waits in the join", "filch_channel_receive"}},
    {lock_in_opposite_orders, {"2 tasks wait", "task eats", "waits in filch_mutex_lock for 0x"}},
    {wait_for_a_group_that_is_never_done, {"waits in filch_waitgroup_wait for 0x"}},
    {select_what_never_happens, {"waits in filch_select"}},
    {wait_with_threads, {"waits in filch_channel_receive", "2 threads wait"}},
    {wait_across_runtimes, {"1 task waits"}},
    {wait_after_a_timer, {"task sleeps_and_receives"}},
    {wait_after_a_blocking_call, {"task calls_and_receives"}},
    {wait_while_most_workers_are_retired, {"task receives"}},
    {block_as_the_last,
     {"task receives", "1 thread waits", "filch:   thread ",
      "waits in filch_channel_receive for 0x"}},
};
static const struct deadlock *deadlock;

/* Thread sanitizer has a thread too many in a child of fork(): a stranger. */
static void die_all_the_same(const char *report, void *unused)
{
    dprintf(STDERR_FILENO, "%s", report);
    abort();
}

static void die_in_deadlock(void)
{
    setenv("FILCH_DEADLOCK", "die", 1);
    if (BUILD_TSAN)
        filch_on_deadlock(die_all_the_same, NULL);
    alarm(60);
    deadlock->work();
}

static void expect_death(const struct deadlock *of, unsigned index)
{
    struct child child;
    deadlock = of;
    child_run(&child, die_in_deadlock);
    const char *head = BUILD_TSAN ? "all fibers are asleep" : "all fibers are asleep - deadlock: ";
    cr_assert(child_died(&child, head), "%u, %u workers: 0x%x: %s", index, deadlock_workers,
              child.status, child.text);
    for (unsigned i = 0; i < 5; i++)
        cr_assert(!of->says[i] || strstr(child.text, of->says[i]), "%u, %u workers: %s not in: %s",
                  index, deadlock_workers, of->says[i], child.text);
}

Test(deadlock, deadlock_is_reported_and_ends_process)
{
    static const unsigned counts[] = {1, 2, 8, 64};
    for (unsigned i = 0; i < sizeof deadlocks / sizeof *deadlocks; i++) {
        deadlock_workers = counts[i % 4];
        deadlock_queue = i / 4 % 2 ? "central-mutex" : "chase-lev";
        expect_death(&deadlocks[i], i);
    }
}

/* ---- What is not one ---- */

static void sends(filch_self self, void *arg)
{
    filch_sleep(LONG * FILCH_MILLISECOND);
    filch_channel_send(arg, &(int){1});
}

static void a_task_sleeps(void)
{
    filch_runtime *rt = deadlock_runtime();
    filch_channel *numbers = deadlock_channel();
    filch_go(rt, receives, numbers);
    filch_go(rt, sends, numbers);
    filch_runtime_destroy(rt);
}

static void this_thread_computes(void)
{
    filch_runtime *rt = deadlock_runtime();
    filch_channel *numbers = deadlock_channel();
    filch_go(rt, receives, numbers);
    usleep(LONG * 1000);
    filch_channel_send(numbers, &(int){1});
    filch_runtime_destroy(rt);
}

static void this_thread_waits_until_a_time(void)
{
    filch_runtime *rt = deadlock_runtime();
    filch_channel *numbers = deadlock_channel(), *nothing = deadlock_channel();
    filch_go(rt, receives, numbers);
    int item;
    filch_channel_receive_until(nothing, &item, filch_in(LONG * FILCH_MILLISECOND));
    filch_channel_send(numbers, &(int){1});
    filch_runtime_destroy(rt);
}

static void *thread_sends(void *arg)
{
    filch_channel *const *both = arg;
    filch_channel_send(both[0], &(int){1}); /* Filch knows it from here */
    usleep(LONG * 1000);
    filch_channel_send(both[1], &(int){1});
    return NULL;
}

static void another_thread_computes(void)
{
    filch_runtime *rt = deadlock_runtime();
    filch_channel *both[] = {deadlock_channel(), deadlock_channel()};
    pthread_t thread;
    CHILD_CHECK(!pthread_create(&thread, NULL, thread_sends, both));
    thread_receives(both[0]);
    filch_go(rt, receives, both[1]);
    filch_runtime_destroy(rt);
    pthread_join(thread, NULL);
}

static int ends[2];

static void reads_and_sends(filch_self self, void *arg)
{
    char byte;
    filch_blocking_begin();
    ssize_t n = read(ends[0], &byte, 1);
    filch_blocking_end();
    CHILD_CHECK(n == 1);
    filch_channel_send(arg, &(int){1});
}

static void waits_and_sends(filch_self self, void *arg)
{
    CHILD_CHECK(filch_wait_fd(ends[0], POLLIN, FILCH_FOREVER) > 0);
    filch_channel_send(arg, &(int){1});
}

/* Another process writes. */
static void something_comes_from_outside(filch_go_fn *task)
{
    CHILD_CHECK(!pipe(ends));
    pid_t pid = fork();
    if (!pid) {
        usleep(LONG * 1000);
        ssize_t n = write(ends[1], "x", 1);
        _exit(n != 1);
    }
    filch_runtime *rt = deadlock_runtime();
    filch_channel *numbers = deadlock_channel();
    filch_go(rt, receives, numbers);
    (filch_go)(rt, task, numbers);
    filch_runtime_destroy(rt);
}

static void a_task_is_in_a_blocking_call(void)
{
    something_comes_from_outside(reads_and_sends);
}

static void a_task_waits_for_a_file(void)
{
    something_comes_from_outside(waits_and_sends);
}

static void nobody_waits(void)
{
    filch_runtime *rt = deadlock_runtime();
    usleep(LONG * 1000);
    filch_runtime_destroy(rt);
}

static void (*const live[])(void) = {
    a_task_sleeps,
    this_thread_computes,
    this_thread_waits_until_a_time,
    another_thread_computes,
    a_task_is_in_a_blocking_call,
    a_task_waits_for_a_file,
    nobody_waits,
};

Test(deadlock, no_report_while_progress_is_possible)
{
    static const unsigned counts[] = {2, 1, 64, 8};
    for (unsigned i = 0; i < sizeof live / sizeof *live; i++) {
        deadlock_workers = counts[i % 4];
        deadlock_queue = i / 4 % 2 ? "chase-lev" : "central-mutex";
        expect_no_report(live[i], i);
    }
}
