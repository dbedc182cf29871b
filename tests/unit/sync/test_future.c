/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <pthread.h>
#include <tests/support/system.h>
#include <tests/support/tasks.h>
#include <tests/support/test.h>

/* ---- Without anybody who waits ---- */

Test(future, zero_bytes_are_an_empty_future)
{
    filch_future future = {0};
    cr_assert_not(filch_future_done(&future));
    cr_assert_null(filch_future_failure(&future));
    cr_assert_eq(filch_await_until(&future, 0), -ETIMEDOUT);
    cr_assert_eq(filch_await_until(&future, -1), -EINVAL);
    cr_assert_eq(filch_await_until(&future, filch_in(1000)), -ETIMEDOUT);
    cr_assert_not(filch_future_done(&future));
}

Test(future, set_value_can_be_awaited_repeatedly)
{
    filch_future future = {0};
    long out = 0;
    OK(filch_future_set(&future, &(long){42}, sizeof(long)));
    for (int i = 0; i < 3; i++) {
        OK(filch_await(&future));
        OK(filch_await_until(&future, 0));
        cr_assert_eq(FILCH_VALUE(long, &future), 42);
        cr_assert_eq(FILCH_AWAIT_VALUE(&out, &future), 0);
        cr_assert_eq(out, 42);
    }
    cr_assert(filch_future_done(&future));
    cr_assert_null(filch_future_failure(&future));
}

Test(future, values_up_to_limit_arrive_whole)
{
    char value[FILCH_FUTURE_BYTES + 1], out[FILCH_FUTURE_BYTES];
    for (size_t i = 0; i < sizeof value; i++)
        value[i] = (char)(i * 7 + 1);
    for (size_t size = 0; size <= FILCH_FUTURE_BYTES; size++) {
        filch_future future = {0};
        OK(filch_future_set(&future, value, size));
        OK(filch_await_value(&future, out, size));
        cr_assert_arr_eq(out, value, size);
    }
    filch_future future = {0};
    cr_assert_eq(filch_future_set(&future, value, sizeof value), -EINVAL);
    cr_assert(strstr(filch_error(), "room for 128"));
    cr_assert_not(filch_future_done(&future));
}

Test(future, value_may_have_any_alignment)
{
    filch_future future = {0};
    OK(filch_future_set(&future, &(long double){1.5L}, sizeof(long double)));
    cr_assert_eq((uintptr_t)filch_future_value(&future, sizeof(long double)) %
                     _Alignof(max_align_t),
                 0);
    cr_assert(FILCH_VALUE(long double, &future) == 1.5L);
}

Test(future, second_set_fails_and_changes_nothing)
{
    filch_future future = {0};
    OK(filch_future_set(&future, &(int){1}, sizeof(int)));
    cr_assert_eq(filch_future_set(&future, &(int){2}, sizeof(int)), -EALREADY);
    cr_assert_eq(FILCH_FUTURE_FAIL(&future, -EIO, "late"), -EALREADY);
    cr_assert_eq(filch_future_break(&future), -EALREADY);
    OK(filch_await(&future));
    cr_assert_eq(FILCH_VALUE(int, &future), 1);
}

Test(future, failure_carries_message_and_place)
{
    filch_future future = {0};
    int line = __LINE__ + 1;
    cr_assert_eq(FILCH_FUTURE_FAIL(&future, -EIO, "disk %d is gone", 7), 0);
    cr_assert_eq(filch_await(&future), -EIO);
    cr_assert_str_eq(filch_error(), "disk 7 is gone");
    const filch_failure *failure = filch_future_failure(&future);
    cr_assert_not_null(failure);
    cr_assert_eq(failure->code, -EIO);
    cr_assert_eq(failure->line, line);
    cr_assert_str_eq(failure->file, __FILE__);
    cr_assert_str_eq(failure->message, "disk 7 is gone");
    cr_assert_eq(filch_future_set(&future, NULL, 0), -EALREADY);
    long out;
    cr_assert_eq(FILCH_AWAIT_VALUE(&out, &future), -EIO);
}

Test(future, overlong_message_is_truncated)
{
    filch_future future = {0};
    cr_assert_eq(FILCH_FUTURE_FAIL(&future, -EIO, "%0500d", 7), 0);
    cr_assert_eq(strlen(filch_future_failure(&future)->message),
                 sizeof future.room - offsetof(filch_failure, message) - 1);
}

Test(future, failure_code_must_be_errno)
{
    filch_future future = {0};
    static const int bad[] = {0, 1, EIO, -100000};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        cr_assert_eq(FILCH_FUTURE_FAIL(&future, bad[i], "x"), -EINVAL);
    cr_assert_not(filch_future_done(&future));
}

Test(future, broken_promise_fails_every_await)
{
    filch_future future = {0};
    OK(filch_future_break(&future));
    cr_assert_eq(filch_await(&future), -EPIPE);
    cr_assert(strstr(filch_error(), "promise was broken"));
    cr_assert_eq(filch_await_until(&future, 0), -EPIPE);
    cr_assert_eq(filch_future_set(&future, NULL, 0), -EALREADY);
}

Test(future, reset_future_can_be_set_again)
{
    filch_future future = {0};
    OK(filch_future_reset(&future));
    for (int i = 0; i < 10; i++) {
        if (i % 3 == 0)
            cr_assert_eq(filch_await_until(&future, filch_in(1000)), -ETIMEDOUT);
        if (i % 2)
            OK(filch_future_set(&future, &i, sizeof i));
        else
            cr_assert_eq(FILCH_FUTURE_FAIL(&future, -EIO, "%d", i), 0);
        cr_assert_eq(filch_await(&future), i % 2 ? 0 : -EIO);
        OK(filch_future_reset(&future));
        cr_assert_not(filch_future_done(&future));
    }
}

Test(future, value_of_other_size_is_refused)
{
    filch_future future = {0};
    char out[8];
    OK(filch_future_set(&future, &(int){1}, sizeof(int)));
    cr_assert_eq(filch_await_value(&future, out, 8), -EINVAL);
    cr_assert(strstr(filch_error(), "has one of 4"));
}

static void take_the_value_of_an_empty_one(void)
{
    filch_future future = {0};
    (void)FILCH_VALUE(int, &future);
}

static void take_a_value_of_another_size(void)
{
    filch_future future = {0};
    filch_future_set(&future, &(int){1}, sizeof(int));
    (void)FILCH_VALUE(long, &future);
}

Test(future, taking_missing_value_dies_with_message)
{
    struct child child;
    child_run(&child, take_the_value_of_an_empty_one);
    cr_assert(child_died(&child, "value of a future that has none"), "%s", child.text);
    child_run(&child, take_a_value_of_another_size);
    cr_assert(child_died(&child, "8 bytes from a future that has one of 4"), "%s", child.text);
}

/* ---- Tasks that set it ---- */

typedef struct triple {
    long a, b, c;
} triple;

FILCH_TASK(triple, make_triple, (int, a), (char, b), (int, c), (char, d), (double, e))
{
    return (triple){a, b, c + d + (long)e};
}

FILCH_TASK(int, no_arguments)
{
    return 5;
}

static signpost begun, released, over;

FILCH_VOID_TASK(hold)
{
    signpost_raise(&begun);
    signpost_wait(&released, 1);
}

static filch_runtime *runtime(unsigned workers)
{
    filch_runtime *rt = NULL;
    OK(filch_runtime_create(&rt, &(filch_config){.workers = workers, .max_fibers = 100000}));
    return rt;
}

Test(future, task_result_lands_in_its_future)
{
    filch_runtime *rt = runtime(2);
    filch_future first = {0}, second = {0}, third = {0};
    cr_assert_eq(FILCH_ASYNC(rt, &first, make_triple, 1, 2, 3, 4, 5.5), 0);
    cr_assert_eq(FILCH_ASYNC(rt, &second, no_arguments), 0);
    cr_assert_eq(FILCH_ASYNC(rt, &third, fib, 20), 0);
    OK(filch_await(&first));
    triple got = FILCH_VALUE(triple, &first);
    cr_assert(got.a == 1 && got.b == 2 && got.c == 12);
    OK(filch_await(&second));
    cr_assert_eq(FILCH_VALUE(int, &second), 5);
    OK(filch_await(&third));
    cr_assert_eq(FILCH_VALUE(long, &third), 6765);
    OK(filch_runtime_destroy(rt));
}

Test(future, pending_task_owns_its_future)
{
    filch_runtime *rt = runtime(1);
    filch_future future = {0};
    cr_assert_eq(FILCH_ASYNC(rt, &future, hold), 0);
    signpost_wait(&begun, 1);
    cr_assert_eq(filch_future_set(&future, NULL, 0), -EALREADY);
    cr_assert_eq(FILCH_FUTURE_FAIL(&future, -EIO, "x"), -EALREADY);
    cr_assert_eq(FILCH_ASYNC(rt, &future, hold), -EALREADY);
    cr_assert_eq(filch_future_reset(&future), -EBUSY);
    cr_assert_eq(filch_future_break(&future), -EBUSY);
    cr_assert_eq(filch_await_until(&future, filch_in(1000)), -ETIMEDOUT);
    cr_assert_eq(filch_future_set(&future, NULL, 0), -EALREADY);
    signpost_raise(&released);
    OK(filch_await_value(&future, NULL, 0));
    OK(filch_future_reset(&future));
    OK(filch_runtime_destroy(rt));
}

Test(future, task_start_requires_runtime)
{
    filch_future future = {0};
    cr_assert_eq(FILCH_ASYNC(NULL, &future, fib, 3), -EINVAL);
    cr_assert(strstr(filch_error(), "without a runtime"));
    cr_assert_eq(filch_future_set(&future, NULL, 0), 0, "it was left empty");
}

FILCH_VOID_TASK(panics, (int, depth))
{
    if (depth < 100)
        FILCH_PANIC(-EBADMSG, "no sense in it");
}

Test(future, panicking_task_fails_its_future)
{
    filch_runtime *rt = runtime(2);
    for (int i = 0; i < 20; i++) {
        filch_future future = {0};
        cr_assert_eq(FILCH_ASYNC(rt, &future, panics, i % 3), 0);
        cr_assert_eq(filch_await(&future), -EBADMSG);
        cr_assert_str_eq(filch_future_failure(&future)->message, "no sense in it");
        cr_assert_str_eq(filch_future_failure(&future)->task, "panics");
        cr_assert_not_null(filch_future_failure(&future)->file);
    }
    cr_assert_eq(FILCH_RUN(rt, fib, 10), 55, "the workers live on");
    OK(filch_runtime_destroy(rt));
}

/* ---- Those who wait ---- */

typedef struct party {
    filch_future *future;
    filch_runtime *rt;
    long sum;
    int code;
} party;

FILCH_TASK(long, await_in_task, (party *, who))
{
    signpost_raise(&begun);
    who->code = filch_await(who->future);
    long got = who->code ? -1 : FILCH_VALUE(long, who->future);
    signpost_raise(&over);
    return got;
}

static void *await_in_thread(void *arg)
{
    party *who = arg;
    signpost_raise(&begun);
    who->code = filch_await(who->future);
    who->sum = who->code ? -1 : FILCH_VALUE(long, who->future);
    return NULL;
}

enum { TASKS = 50, THREADS = 4 };

/* All of them wait, or are about to, when it is settled. */
static void await_by_many(unsigned workers, const char *queue, void (*settle)(filch_future *),
                          int code, long value)
{
    filch_runtime *rt;
    filch_config config = {.workers = workers, .queue = queue, .max_fibers = 1000};
    OK(filch_runtime_create(&rt, &config));
    filch_future future = {0}, results[TASKS] = {0};
    party tasks[TASKS], threads[THREADS];
    pthread_t thread[THREADS];
    filch_u32_store(&begun, 0, FILCH_RELEASE);
    for (int i = 0; i < TASKS; i++) {
        tasks[i] = (party){.future = &future};
        cr_assert_eq(FILCH_ASYNC(rt, &results[i], await_in_task, &tasks[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        threads[i] = (party){.future = &future};
        cr_assert_eq(pthread_create(&thread[i], NULL, await_in_thread, &threads[i]), 0);
    }
    signpost_wait(&begun, TASKS + THREADS);
    settle(&future);
    for (int i = 0; i < THREADS; i++) {
        pthread_join(thread[i], NULL);
        cr_assert_eq(threads[i].code, code);
        cr_assert_eq(threads[i].sum, value);
    }
    for (int i = 0; i < TASKS; i++) {
        OK(filch_await(&results[i]));
        cr_assert_eq(FILCH_VALUE(long, &results[i]), value);
        cr_assert_eq(tasks[i].code, code);
    }
    OK(filch_runtime_destroy(rt));
}

static void set_nine(filch_future *future)
{
    OK(filch_future_set(future, &(long){9}, sizeof(long)));
}

static void fail_it(filch_future *future)
{
    cr_assert_eq(FILCH_FUTURE_FAIL(future, -ENOENT, "not here"), 0);
}

static void break_it(filch_future *future)
{
    OK(filch_future_break(future));
}

Test(future, waiting_tasks_and_threads_get_outcome)
{
    static const struct {
        void (*settle)(filch_future *);
        int code;
        long value;
    } ways[] = {{set_nine, 0, 9}, {fail_it, -ENOENT, -1}, {break_it, -EPIPE, -1}};
    static const unsigned workers[] = {1, 2, 8, 64};
    for (unsigned i = 0; i < 3; i++)
        for (unsigned w = 0; w < 4; w++)
            await_by_many(workers[w], w % 2 ? "central-mutex" : "chase-lev", ways[i].settle,
                          ways[i].code, ways[i].value);
}

FILCH_TASK(int, await_what_it_started, (int, depth))
{
    filch_future future = {0};
    if (depth == 0)
        return 1;
    FILCH_FORK(await_what_it_started, depth - 1);
    if (FILCH_ASYNC(NULL, &future, await_what_it_started, depth - 1) || filch_await(&future))
        filch_die("%s", filch_error());
    FILCH_JOIN(int left, await_what_it_started);
    return left + FILCH_VALUE(int, &future);
}

Test(future, futures_on_stacks_mix_with_forks)
{
    for (unsigned workers = 1; workers <= 8; workers *= 2) {
        filch_runtime *rt = runtime(workers);
        cr_assert_eq(FILCH_RUN(rt, await_what_it_started, 10), 1024);
        OK(filch_runtime_destroy(rt));
    }
}

FILCH_TASK(int, await_until_soon, (filch_future *, future))
{
    int rc = filch_await_until(future, filch_in(FILCH_MILLISECOND));
    int second = filch_await_until(future, -1);
    return second == -EINVAL ? rc : second;
}

Test(future, timed_out_await_changes_nothing)
{
    filch_runtime *rt = runtime(2);
    filch_future future = {0};
    cr_assert_eq(FILCH_RUN(rt, await_until_soon, &future), -ETIMEDOUT);
    set_nine(&future);
    cr_assert_eq(FILCH_RUN(rt, await_until_soon, &future), 0);
    OK(filch_runtime_destroy(rt));
}

FILCH_TASK(int, async_elsewhere, (filch_runtime *, there))
{
    filch_future future = {0};
    if (FILCH_ASYNC(there, &future, no_arguments))
        return -1;
    int rc = filch_await(&future);
    return rc ? rc : FILCH_VALUE(int, &future);
}

Test(future, task_awaits_task_of_other_runtime)
{
    filch_runtime *here = runtime(1), *there = runtime(1);
    for (int i = 0; i < 100; i++)
        cr_assert_eq(FILCH_RUN(here, async_elsewhere, there), 5);
    OK(filch_runtime_destroy(here));
    OK(filch_runtime_destroy(there));
}

/* One who waits is resumed before the other: it may reset nothing while that one waits. */
static void *wait_for_ever(void *arg)
{
    signpost_raise(&begun);
    filch_await(arg);
    return NULL;
}

Test(future, reset_is_refused_while_somebody_waits)
{
    filch_future future = {0};
    pthread_t thread;
    cr_assert_eq(pthread_create(&thread, NULL, wait_for_ever, &future), 0);
    signpost_wait(&begun, 1);
    while (filch_future_reset(&future) == 0) /* it is about to */
        sched_yield();
    cr_assert_eq(filch_future_reset(&future), -EBUSY);
    set_nine(&future);
    pthread_join(thread, NULL);
    OK(filch_future_reset(&future));
}
