/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Guests: a thread that calls filch_run works in a sleeper's place, on its own stack, and stays that
 * thread. Each region here begins when all workers sleep; else it would be handed over. */
#include <pthread.h>
#include <runtime/engine/runtime.h>
#include <runtime/engine/worker.h>
#include <tests/support/engine.h>
#include <tests/support/system.h>
#include <tests/support/tasks.h>
#include <tests/support/test.h>

/* ---- A region ---- */

FILCH_TASK(int, is_here, (pthread_t, caller), (const char *, frame))
{
    char here;
    ptrdiff_t below = frame - &here;
    return pthread_equal(pthread_self(), caller) && below > 0 && below < 1 << 16 &&
           filch_runtime_here() && filch_worker_index() >= 0;
}

Test(guest, a_region_runs_on_its_caller)
{
    static const unsigned workers[] = {1, 2, 8};
    for (unsigned i = 0; i < 3; i++) {
        char here;
        filch_runtime *rt = guest_asleep(workers[i]);
        for (unsigned k = 0; k < 100; k++) {
            wait_until_all_sleep(rt);
            cr_assert(FILCH_RUN(rt, is_here, pthread_self(), &here));
        }
        cr_assert_eq(FILCH_RUN(rt, fib, 15), 610);
        expect_rest(rt);
    }
}

static void expect_region(const filch_config *config, bool on_its_caller)
{
    char here;
    filch_runtime *rt = NULL;
    cr_assert_eq(filch_runtime_create(&rt, config), 0, "%s", filch_error());
    wait_until_all_sleep(rt);
    cr_assert_eq(FILCH_RUN(rt, is_here, pthread_self(), &here), on_its_caller);
    expect_rest(rt);
}

Test(guest, a_setting_turns_them_off)
{
    filch_runtime *rt;
    expect_region(&(filch_config){.workers = 1}, true);
    expect_region(&(filch_config){.workers = 1, .guest = "0"}, false);
    expect_region(&(filch_config){.workers = 1, .queue = "the", .guest = "1"},
                  false); /* its owners give nothing */
    setenv("FILCH_GUEST", "0", 1);
    expect_region(&(filch_config){.workers = 1}, false);
    cr_assert_eq(filch_runtime_create(&rt, &(filch_config){.guest = "yes"}), -EINVAL);
    cr_assert_str_eq(filch_error(), "unknown guest 'yes' (valid: 0, 1)");
}

FILCH_TASK(int, runs_again, (filch_runtime *, rt))
{
    return filch_run(rt, &fib_task, self);
}

Test(guest, a_nested_region_is_refused)
{
    filch_runtime *rt = guest_asleep(2);
    cr_assert_eq(FILCH_RUN(rt, runs_again, rt), -EDEADLK);
    expect_rest(rt);
}

FILCH_TASK(long, runs_elsewhere, (filch_runtime *, other))
{
    pthread_t before = pthread_self();
    long result = FILCH_RUN(other, fib, 10);
    return pthread_equal(before, pthread_self()) ? result : -1;
}

Test(guest, another_runtimes_region_is_waited_for)
{
    filch_runtime *rt = guest_asleep(1), *other = guest_asleep(1);
    cr_assert_eq(FILCH_RUN(rt, runs_elsewhere, other), 55);
    expect_rest(other);
    expect_rest(rt);
}

static void *run_on_a_small_stack(void *rt)
{
    char here;
    return FILCH_RUN(rt, is_here, pthread_self(), &here) ? rt : NULL;
}

Test(guest, a_small_stack_is_left_alone)
{
    filch_runtime *rt = NULL;
    void *was_guest = NULL;
    pthread_t thread;
    pthread_attr_t attributes;
    OK(filch_runtime_create(&rt,
                            &(filch_config){.workers = 1, .stack_size = 4 << 20, .guest = "1"}));
    wait_until_all_sleep(rt);
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, 1 << 20);
    cr_assert_eq(pthread_create(&thread, &attributes, run_on_a_small_stack, rt), 0);
    pthread_join(thread, &was_guest);
    cr_assert_null(was_guest);
    pthread_attr_destroy(&attributes);
    expect_rest(rt);
}

/* ---- Joins ---- */

static signpost taken, ended;

FILCH_TASK(int, waits_for_the_end, (int, result))
{
    signpost_raise(&taken);
    signpost_wait(&ended, 1);
    return result;
}

static void *end_later(void *unused)
{
    usleep(20000);
    signpost_raise(&ended);
    return NULL;
}

/* Its child is stolen, and ends long after the join has begun to wait. */
FILCH_TASK(int, joins_late)
{
    pthread_t before = pthread_self(), ender;
    FILCH_FORK(waits_for_the_end, 5);
    signpost_wait(&taken, 1);
    pthread_create(&ender, NULL, end_later, NULL);
    FILCH_JOIN(int result, waits_for_the_end);
    pthread_join(ender, NULL);
    return pthread_equal(before, pthread_self()) ? result : -1;
}

Test(guest, waiting_joins_stay_on_their_thread)
{
    static const unsigned workers[] = {2, 8};
    for (unsigned i = 0; i < 2; i++) {
        filch_u32_store(&taken, 0, FILCH_RELEASE);
        filch_u32_store(&ended, 0, FILCH_RELEASE);
        filch_runtime *rt = guest_asleep(workers[i]);
        cr_assert_eq(FILCH_RUN(rt, joins_late), 5);
        expect_rest(rt);
    }
}

enum { MANY = 200 };

/* The oldest, which its thief runs first, ends after all others. */
FILCH_VOID_TASK(one_of_many, (int, number))
{
    if (number == 0) {
        signpost_raise(&taken);
        signpost_wait(&ended, MANY - 1);
    } else {
        signpost_raise(&ended);
    }
}

FILCH_VOID_TASK(forks_many)
{
    for (int i = 0; i < MANY; i++)
        FILCH_FORK(one_of_many, i);
    while (!signpost_count(&taken)) { /* a fork serves a thief */
        FILCH_FORK(fib, 1);
        FILCH_JOIN(long one, fib);
        (void)one;
    }
    for (int i = 0; i < MANY; i++)
        FILCH_JOIN_VOID(one_of_many);
}

Test(guest, unbegun_tasks_are_taken_back)
{
    filch_runtime *rt = guest_asleep(2);
    for (unsigned i = 0; i < 2; i++)
        rt->worker[i]->profit.most = MANY;
    filch_runtime_stats stats = {0};
    while (stats.gift_tasks == stats.gifts) { /* until one is of many: a thief may come early */
        wait_until_all_sleep(rt);
        filch_u32_store(&taken, 0, FILCH_RELEASE);
        filch_u32_store(&ended, 0, FILCH_RELEASE);
        FILCH_RUN(rt, forks_many);
        OK(filch_runtime_stats_read(rt, FILCH_ALL_WORKERS, &stats, sizeof stats));
    }
    int stolen = (int)(stats.gift_tasks + stats.robs + stats.deque_steals);
    cr_assert_lt(stats.tasks_taken, stolen, "%d of %d", (int)stats.tasks_taken, stolen);
    expect_rest(rt);
}

/* ---- Other waits ---- */

static void sends(filch_self self, void *channel)
{
    int item = 7;
    filch_channel_send(channel, &item);
}

FILCH_TASK(int, receives, (filch_runtime *, rt), (filch_channel *, channel))
{
    pthread_t before = pthread_self();
    int item = 0;
    for (unsigned i = 0; i < 3; i++)
        if (filch_go(rt, sends, channel) || filch_channel_receive(channel, &item))
            return -1;
    return pthread_equal(before, pthread_self()) ? item : -2;
}

Test(guest, a_wait_returns_the_worker)
{
    filch_channel *channel = NULL;
    OK(filch_channel_create(&channel, sizeof(int), 0));
    filch_runtime *rt = guest_asleep(1);
    for (unsigned i = 0; i < 200; i++)
        cr_assert_eq(FILCH_RUN(rt, receives, rt, channel), 7);
    expect_rest(rt);
    filch_channel_destroy(channel);
}

enum { WAITS = 50 };

FILCH_TASK(int, receives_many, (filch_channel *, channel))
{
    int sum = 0, item;
    for (unsigned i = 0; i < WAITS; i++) {
        signpost_raise(&taken);
        if (filch_channel_receive(channel, &item))
            return -1;
        sum += item;
    }
    return sum;
}

typedef struct sleepers_sender {
    filch_runtime *rt;
    filch_channel *channel;
} sleepers_sender;

/* All workers sleep, so the guest has returned its own. */
static void *send_to_sleepers(void *arg)
{
    const sleepers_sender *by = arg;
    for (int i = 0; i < WAITS; i++) {
        signpost_wait(&taken, (unsigned)i + 1);
        wait_until_all_sleep(by->rt);
        filch_channel_send(by->channel, &i);
    }
    return NULL;
}

static uint64_t wakes_of(filch_runtime *rt)
{
    filch_runtime_stats stats;
    OK(filch_runtime_stats_read(rt, FILCH_ALL_WORKERS, &stats, sizeof stats));
    return stats.wakes;
}

Test(guest, sleepers_sleep_on_while_one_resumes)
{
    static const unsigned workers[] = {1, 2, 8};
    for (unsigned i = 0; i < 3; i++) {
        pthread_t thread;
        filch_channel *channel = NULL;
        filch_u32_store(&taken, 0, FILCH_RELEASE);
        OK(filch_channel_create(&channel, sizeof(int), 1));
        filch_runtime *rt = guest_asleep(workers[i]);
        sleepers_sender by = {rt, channel};
        const uint64_t before = wakes_of(rt);
        cr_assert_eq(pthread_create(&thread, NULL, send_to_sleepers, &by), 0);
        cr_assert_eq(FILCH_RUN(rt, receives_many, channel), WAITS * (WAITS - 1) / 2);
        cr_assert_eq(wakes_of(rt), before);
        pthread_join(thread, NULL);
        expect_rest(rt);
        filch_channel_destroy(channel);
    }
}

enum { FIBERS = 2 }; /* and the guest's */
static filch_channel *first, *second;

static void waits_for_the_second(filch_self self, void *unused)
{
    int item;
    signpost_raise(&taken);
    filch_channel_receive(second, &item);
}

/* Its worker has no fiber when its turn comes. */
FILCH_TASK(int, waits_for_the_first, (filch_runtime *, rt))
{
    int item = 0;
    for (unsigned i = 0; i < FIBERS; i++)
        if (filch_go(rt, waits_for_the_second, NULL))
            return -1;
    if (filch_channel_receive(first, &item))
        return -2;
    for (unsigned i = 0; i < FIBERS; i++)
        if (filch_channel_send(second, &item))
            return -3;
    return item;
}

static void *send_late(void *unused)
{
    int item = 7;
    signpost_wait(&taken, FIBERS);
    usleep(20000);
    filch_channel_send(first, &item);
    return NULL;
}

Test(guest, workers_without_fibers_lend_themselves)
{
    filch_runtime *rt = NULL;
    pthread_t sender;
    OK(filch_channel_create(&first, sizeof(int), 0));
    OK(filch_channel_create(&second, sizeof(int), 0));
    OK(filch_runtime_create(&rt,
                            &(filch_config){.workers = 1, .max_fibers = FIBERS, .guest = "1"}));
    wait_until_all_sleep(rt);
    cr_assert_eq(pthread_create(&sender, NULL, send_late, NULL), 0);
    cr_assert_eq(FILCH_RUN(rt, waits_for_the_first, rt), 7);
    pthread_join(sender, NULL);
    expect_rest(rt);
    filch_channel_destroy(first);
    filch_channel_destroy(second);
}

FILCH_TASK(uint64_t, yields_often, (filch_runtime *, rt))
{
    filch_runtime_stats stats;
    for (unsigned i = 0; i < 1000; i++)
        filch_yield(self);
    filch_runtime_stats_read(rt, FILCH_ALL_WORKERS, &stats, sizeof stats);
    return stats.suspensions;
}

FILCH_VOID_TASK(raises)
{
    signpost_raise(&ended);
}

FILCH_VOID_TASK(yields_to_its_fork)
{
    FILCH_FORK(raises);
    while (!signpost_count(&ended))
        filch_yield(self);
    FILCH_JOIN_VOID(raises);
}

Test(guest, a_yield_waits_only_for_work)
{
    filch_runtime *rt = guest_asleep(1);
    cr_assert_eq(FILCH_RUN(rt, yields_often, rt), 0);
    wait_until_all_sleep(rt);
    FILCH_RUN(rt, yields_to_its_fork);
    expect_rest(rt);
}

static void raises_alone(filch_self self, void *unused)
{
    signpost_raise(&ended);
}

FILCH_TASK(long, calls_out, (filch_runtime *, rt))
{
    pthread_t before = pthread_self();
    FILCH_FORK(fib, 10);
    if (filch_blocking_begin() || filch_go(rt, raises_alone, NULL))
        return -1;
    signpost_wait(&ended, 1);
    filch_blocking_end();
    FILCH_JOIN(long result, fib);
    return pthread_equal(before, pthread_self()) ? result : -2;
}

Test(guest, a_blocking_call_returns_the_worker)
{
    filch_runtime *rt = guest_asleep(1);
    cr_assert_eq(FILCH_RUN(rt, calls_out, rt), 55);
    expect_rest(rt);
}

FILCH_TASK(long, shrinks, (filch_runtime *, rt))
{
    FILCH_FORK(fib, 12);
    int rc = filch_runtime_resize(rt, 1);
    FILCH_JOIN(long result, fib);
    return rc ? rc : result;
}

Test(guest, a_runtime_may_shrink_beneath_one)
{
    filch_runtime *rt = guest_asleep(4);
    for (unsigned i = 0; i < 50; i++) {
        cr_assert_eq(FILCH_RUN(rt, shrinks, rt), 144);
        cr_assert_eq(FILCH_RUN(rt, fib, 12), 144);
        OK(filch_runtime_resize(rt, 1 + i % 4));
    }
    expect_rest(rt);
}

/* ---- Ends ---- */

FILCH_TASK(int, panics, (bool, forks))
{
    if (forks)
        FILCH_FORK(fib, 5);
    FILCH_PANIC(-EPROTO, "as wanted");
}

Test(guest, a_panic_ends_the_region)
{
    filch_runtime *rt = guest_asleep(2);
    for (unsigned i = 0; i < 100; i++) {
        filch_slot slot;
        memset(&slot, 0, sizeof slot);
        memcpy(slot.args, &(bool){i % 2}, sizeof(bool));
        cr_assert_eq(filch_run(rt, &panics_task, &slot), -EPROTO);
        cr_assert_eq(FILCH_RUN(rt, fib, 10), 55);
    }
    expect_rest(rt);
}

FILCH_VOID_TASK(exits)
{
    pthread_exit(NULL);
}

static void exit_in_a_region(void)
{
    FILCH_RUN(guest_asleep(1), exits);
}

Test(guest, pthread_exit_in_a_region_dies)
{
    struct child child;
    child_run(&child, exit_in_a_region);
    cr_assert(child_died(&child, "pthread_exit in task exits"), "0x%x %s", child.status,
              child.text);
}

FILCH_VOID_TASK(is_cancelled)
{
    pthread_cancel(pthread_self());
    pthread_testcancel();
    signpost_raise(&ended);
}

static void *cancelled(void *rt)
{
    FILCH_RUN(rt, is_cancelled);
    pthread_testcancel();
    return rt;
}

Test(guest, cancellation_waits_for_the_region)
{
    filch_runtime *rt = guest_asleep(1);
    void *result = NULL;
    pthread_t thread;
    cr_assert_eq(pthread_create(&thread, NULL, cancelled, rt), 0);
    pthread_join(thread, &result);
    cr_assert_eq(result, PTHREAD_CANCELED);
    cr_assert_eq(signpost_count(&ended), 1);
    expect_rest(rt);
}

FILCH_TASK(int, forks_a_process)
{
    int status = -1;
    pid_t child = fork();
    if (child == 0)
        _exit(filch_runtime_here() ? 1 : FILCH_RUN(guest_runtime(2), fib, 10) != 55);
    waitpid(child, &status, 0);
    return status;
}

Test(guest, child_process_has_own_runtimes)
{
    if (BUILD_TSAN) /* it allows no threads in a child */
        return;
    filch_runtime *rt = guest_asleep(2);
    cr_assert_eq(FILCH_RUN(rt, forks_a_process), 0);
    expect_rest(rt);
}

/* ---- Many ---- */

static void *run_often(void *rt)
{
    uintptr_t wrong = 0;
    for (unsigned i = 0; i < 500; i++)
        wrong += FILCH_RUN(rt, fib, (int)(i % 12)) != serial_fib((int)(i % 12));
    return (void *)wrong;
}

Test(guest, there_may_be_more_than_workers)
{
    static const unsigned workers[] = {1, 2, 8};
    for (unsigned k = 0; k < 3; k++) {
        filch_runtime *rt = guest_asleep(workers[k]);
        pthread_t thread[8];
        for (unsigned i = 0; i < 8; i++)
            cr_assert_eq(pthread_create(&thread[i], NULL, run_often, rt), 0);
        for (unsigned i = 0; i < 8; i++) {
            void *wrong = rt;
            pthread_join(thread[i], &wrong);
            cr_assert_null(wrong);
        }
        expect_rest(rt);
    }
}

static void *run_once(void *rt)
{
    return (void *)(uintptr_t)FILCH_RUN(rt, fib, 8);
}

Test(guest, short_lived_threads_leave_nothing)
{
    filch_runtime *rt = guest_asleep(2);
    for (unsigned i = 0; i < 2000; i++) {
        pthread_t thread;
        void *result;
        cr_assert_eq(pthread_create(&thread, NULL, run_once, rt), 0);
        pthread_join(thread, &result);
        cr_assert_eq((uintptr_t)result, 21);
    }
    filch_runtime_stats stats;
    filch_runtime_stats_read(rt, FILCH_ALL_WORKERS, &stats, sizeof stats);
    cr_assert_leq(stats.fibers, 16, "%llu", (unsigned long long)stats.fibers);
    expect_rest(rt);
}
