/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <pthread.h>
#include <runtime/sync/wait.h>
#include <tests/support/tasks.h>
#include <tests/support/test.h>

static filch_runtime *runtime(unsigned workers)
{
    filch_runtime *rt = NULL;
    OK(filch_runtime_create(&rt, &(filch_config){.workers = workers, .max_fibers = 100000}));
    return rt;
}

static void set_long(filch_future *future, long value)
{
    OK(filch_future_set(future, &value, sizeof value));
}

/* ---- Then ---- */

static int add(filch_self self, const void *value, void *result, void *arg)
{
    *(long *)result = *(const long *)value + *(const long *)arg;
    return 0;
}

static const long two = 2;
#define TWO ((void *)(uintptr_t)&two)

static int fill(filch_self self, const void *value, void *result, void *arg)
{
    memset(result, 7, FILCH_FUTURE_BYTES);
    return 0;
}

Test(future_graph, sequel_value_may_fill_whole_future)
{
    filch_runtime *rt = runtime(1);
    filch_future from = {0}, next = {0};
    char expected[FILCH_FUTURE_BYTES];
    memset(expected, 7, sizeof expected);
    OK(filch_then(&next, &from, rt, fill, NULL, FILCH_FUTURE_BYTES));
    set_long(&from, 1);
    OK(filch_await(&next));
    cr_assert_eq(memcmp(next.room, expected, sizeof expected), 0);
    OK(filch_runtime_destroy(rt));
}

Test(future_graph, sequel_gets_value_and_leaves_own)
{
    static const unsigned workers[] = {1, 2, 8, 64};
    for (int i = 0; i < 4; i++) {
        filch_runtime *rt = runtime(workers[i]);
        for (int before = 0; before < 2; before++) {
            filch_future from = {0}, next = {0};
            if (before)
                set_long(&from, 40);
            OK(filch_then(&next, &from, rt, add, TWO, sizeof(long)));
            if (!before)
                set_long(&from, 40);
            OK(filch_await(&next));
            cr_assert_eq(FILCH_VALUE(long, &next), 42);
        }
        OK(filch_runtime_destroy(rt));
    }
}

Test(future_graph, all_sequels_of_one_future_run)
{
    enum { MANY = 1000 };
    static filch_future next[MANY];
    filch_runtime *rt = runtime(2);
    filch_future from = {0};
    for (int i = 0; i < MANY; i++)
        OK(filch_then(&next[i], &from, rt, add, TWO, sizeof(long)));
    cr_assert_eq(FILCH_ASYNC(rt, &from, fib, 10), 0);
    for (int i = 0; i < MANY; i++) {
        OK(filch_await(&next[i]));
        cr_assert_eq(FILCH_VALUE(long, &next[i]), 57);
    }
    OK(filch_runtime_destroy(rt));
}

/* Each settles the next: on the way nothing may grow with the length. */
static void chain_of(filch_runtime *rt, int length, int code)
{
    filch_future *chain = calloc((size_t)length, sizeof *chain);
    cr_assert_not_null(chain);
    for (int i = 1; i < length; i++)
        OK(filch_then(&chain[i], &chain[i - 1], rt, add, TWO, sizeof(long)));
    if (code)
        cr_assert_eq(FILCH_FUTURE_FAIL(&chain[0], code, "the first"), 0);
    else
        set_long(&chain[0], 0);
    filch_future *last = &chain[length - 1];
    cr_assert_eq(filch_await(last), code);
    if (code)
        cr_assert_str_eq(filch_future_failure(last)->message, "the first");
    else
        cr_assert_eq(FILCH_VALUE(long, last), 2 * (length - 1));
    free(chain);
}

Test(future_graph, long_sequel_chain_completes)
{
    filch_runtime *rt = runtime(2);
    chain_of(rt, 100000, 0);
    OK(filch_runtime_destroy(rt));
}

Test(future_graph, failure_crosses_long_chain_intact)
{
    filch_runtime *rt = runtime(2);
    chain_of(rt, 100000, -EIO);
    OK(filch_runtime_destroy(rt));
}

Test(future_graph, broken_promise_outlives_freed_future)
{
    filch_runtime *rt = runtime(2);
    filch_future *from = calloc(1, sizeof *from), next = {0}, all = {0}, one = {0};
    filch_future *array[] = {from};
    cr_assert_not_null(from);
    OK(filch_then(&next, from, rt, add, TWO, sizeof(long)));
    OK(filch_when_all(&all, array, 1));
    OK(filch_when_any(&one, array, 1, NULL));
    OK(filch_future_break(from));
    free(from);
    cr_assert_eq(filch_await(&next), -EPIPE);
    cr_assert(strstr(filch_future_failure(&next)->message, "promise was broken"));
    cr_assert_eq(filch_await(&all), -EPIPE);
    OK(filch_await(&one));
    cr_assert_eq(FILCH_VALUE(size_t, &one), 0);
    OK(filch_runtime_destroy(rt));
}

static int refuse(filch_self self, const void *value, void *result, void *arg)
{
    return *(const int *)arg;
}

static int refuse_with_words(filch_self self, const void *value, void *result, void *arg)
{
    filch_future other = {0};
    return FILCH_FUTURE_FAIL(&other, 5, "x");
}

static int panic(filch_self self, const void *value, void *result, void *arg)
{
    FILCH_PANIC(-EILSEQ, "%d is too much", 7);
}

static const filch_failure *failure_of(filch_runtime *rt, filch_then_fn *fn, int code,
                                       filch_future *next)
{
    filch_future from = {0};
    set_long(&from, 0);
    OK(filch_then(next, &from, rt, fn, &code, 0));
    cr_assert_lt(filch_await(next), 0);
    return filch_future_failure(next);
}

Test(future_graph, failed_or_panicking_sequel_fails_future)
{
    filch_runtime *rt = runtime(2);
    filch_future next[5] = {0};
    cr_assert_eq(failure_of(rt, refuse, -EIO, &next[0])->code, -EIO);
    cr_assert_str_eq(filch_future_failure(&next[0])->message, "");
    cr_assert_eq(failure_of(rt, refuse, 7, &next[1])->code, -EINVAL);
    cr_assert_eq(failure_of(rt, refuse_with_words, 0, &next[2])->code, -EINVAL);
    cr_assert(strstr(filch_future_failure(&next[2])->message, "fails with code 5"));
    cr_assert_eq(failure_of(rt, panic, 0, &next[3])->code, -EILSEQ);
    cr_assert_str_eq(filch_future_failure(&next[3])->message, "7 is too much");
    cr_assert_eq(failure_of(rt, refuse, -EIO, &next[4])->code, -EIO, "the workers live on");
    OK(filch_runtime_destroy(rt));
}

static int await_another(filch_self self, const void *value, void *result, void *arg)
{
    filch_future *other = arg;
    FILCH_FORK(fib, 10);
    int rc = filch_await(other);
    FILCH_JOIN(*(long *)result, fib);
    *(long *)result += *(const long *)value + (rc ? 0 : FILCH_VALUE(long, other));
    return rc;
}

Test(future_graph, a_sequel_may_wait_and_fork)
{
    filch_runtime *rt = runtime(1);
    filch_future from = {0}, next = {0}, other = {0}, after = {0};
    OK(filch_then(&next, &from, rt, await_another, &other, sizeof(long)));
    OK(filch_then(&after, &from, rt, add, TWO, sizeof(long)));
    set_long(&from, 1);
    cr_assert_eq(filch_await(&after), 0, "the worker goes on with it");
    set_long(&other, 10);
    OK(filch_await(&next));
    cr_assert_eq(FILCH_VALUE(long, &next), 66);
    OK(filch_runtime_destroy(rt));
}

/* As in runtime/sync/future_graph.c: more of them than memory has, though their sum is small again. */
struct member {
    fl_waiter waiter;
    fl_node node;
    void *future, *of;
};

Test(future_graph, refused_calls_leave_everything_unchanged)
{
    filch_runtime *rt = runtime(1);
    filch_future from = {0}, next = {0}, done = {0};
    filch_future *array[] = {&from};
    set_long(&done, 1);
    cr_assert_eq(filch_then(&next, &from, NULL, add, TWO, 8), -EINVAL);
    cr_assert_eq(filch_then(&next, &from, rt, NULL, TWO, 8), -EINVAL);
    cr_assert_eq(filch_then(&next, &from, rt, add, TWO, FILCH_FUTURE_BYTES + 1), -EINVAL);
    cr_assert_eq(filch_then(&done, &from, rt, add, TWO, 8), -EALREADY);
    cr_assert_eq(filch_when_all(&done, array, 1), -EALREADY);
    cr_assert_eq(filch_when_any(&done, array, 1, NULL), -EALREADY);
    cr_assert_eq(filch_when_any(&next, array, 0, NULL), -EINVAL);
    cr_assert_eq(filch_when_all(&next, array, SIZE_MAX / 8), -ENOMEM);
    cr_assert_eq(filch_when_all(&next, array, 1 + SIZE_MAX / sizeof(struct member)), -ENOMEM);
    cr_assert_eq(filch_future_reset(&from), 0, "nobody waits for it");
    set_long(&next, 1);
    set_long(&from, 1);
    OK(filch_runtime_destroy(rt));
}

/* ---- All ---- */

enum { MANY = 100 };

static void point_to(filch_future *futures, filch_future **array)
{
    memset(futures, 0, MANY * sizeof *futures);
    for (int i = 0; i < MANY; i++)
        array[i] = &futures[i];
}

Test(future_graph, when_all_completes_with_last_future)
{
    filch_future futures[MANY], all = {0};
    filch_future *array[MANY];
    point_to(futures, array);
    for (int i = 0; i < MANY; i += 3)
        set_long(&futures[i], i);
    OK(filch_when_all(&all, array, MANY));
    memset(array, 0, sizeof array);
    cr_assert_eq(filch_future_set(&all, NULL, 0), -EALREADY);
    for (int i = MANY; i-- > 0;)
        if (i % 3) {
            cr_assert_not(filch_future_done(&all));
            set_long(&futures[i], i);
        }
    OK(filch_await_until(&all, 0));
    OK(filch_await_value(&all, NULL, 0));
}

Test(future_graph, all_of_none_is_done)
{
    filch_future all = {0};
    OK(filch_when_all(&all, NULL, 0));
    OK(filch_await_until(&all, 0));
}

Test(future_graph, all_waits_then_reports_first_failure)
{
    filch_future futures[MANY], all = {0};
    filch_future *array[MANY];
    point_to(futures, array);
    OK(filch_when_all(&all, array, MANY));
    for (int i = MANY; i-- > 0;) {
        cr_assert_not(filch_future_done(&all));
        if (i % 10 == 3)
            cr_assert_eq(FILCH_FUTURE_FAIL(&futures[i], -EIO, "number %d", i), 0);
        else
            set_long(&futures[i], i);
    }
    cr_assert_eq(filch_await(&all), -EIO);
    cr_assert_str_eq(filch_future_failure(&all)->message, "number 3");
}

Test(future_graph, future_may_repeat_in_array)
{
    filch_future from = {0}, all = {0}, one = {0};
    filch_future *array[] = {&from, &from, &from};
    OK(filch_when_all(&all, array, 3));
    OK(filch_when_any(&one, array, 3, NULL));
    set_long(&from, 1);
    OK(filch_await_until(&all, 0));
    OK(filch_await_until(&one, 0));
}

/* ---- Any ---- */

Test(future_graph, any_yields_winner_and_cancels_losers)
{
    for (int first = 0; first < MANY; first += 33) {
        filch_future futures[MANY], any = {0};
        filch_future *array[MANY];
        filch_context *losers;
        point_to(futures, array);
        OK(filch_context_create(&losers, NULL));
        OK(filch_when_any(&any, array, MANY, losers));
        cr_assert_eq(filch_context_cause(losers), 0);
        cr_assert_eq(FILCH_FUTURE_FAIL(&futures[first], -EIO, "done all the same"), 0);
        cr_assert_eq(filch_context_cause(losers), -ECANCELED);
        OK(filch_await_until(&any, 0));
        cr_assert_eq(FILCH_VALUE(size_t, &any), (size_t)first);
        for (int i = 0; i < MANY; i++)
            cr_assert_eq(filch_future_reset(&futures[i]), 0, "nobody waits for the others");
        filch_context_release(losers);
    }
}

Test(future_graph, any_with_done_future_completes_immediately)
{
    filch_future futures[MANY], any = {0};
    filch_future *array[MANY];
    point_to(futures, array);
    set_long(&futures[70], 1);
    set_long(&futures[20], 1);
    OK(filch_when_any(&any, array, MANY, NULL));
    OK(filch_await_until(&any, 0));
    cr_assert_eq(FILCH_VALUE(size_t, &any), 20);
    for (int i = 0; i < MANY; i++)
        OK(filch_future_reset(&futures[i]));
}

/* ---- Graphs ---- */

/* A tower of all and any, one upon the other: higher than a stack is deep. */
Test(future_graph, tower_of_futures_completes_without_recursion)
{
    enum { HIGH = 200000 };
    filch_future *tower = calloc(HIGH, sizeof *tower);
    cr_assert_not_null(tower);
    for (int i = 1; i < HIGH; i++) {
        filch_future *below[] = {&tower[i - 1], &tower[i - 1]};
        cr_assert_eq(i % 2 ? filch_when_all(&tower[i], below, 2)
                           : filch_when_any(&tower[i], below, 2, NULL),
                     0);
    }
    set_long(&tower[0], 1);
    OK(filch_await_until(&tower[HIGH - 1], 0));
    free(tower);
}

static int sum(filch_self self, const void *value, void *result, void *arg)
{
    filch_future *const *parts = arg;
    *(long *)result = FILCH_VALUE(long, parts[0]) + FILCH_VALUE(long, parts[1]);
    return 0;
}

/* Pascal's triangle: each number waits for the two above it. */
Test(future_graph, a_triangle_of_futures_adds_up)
{
    enum { ROWS = 30 };
    static filch_future number[ROWS][ROWS], both[ROWS][ROWS];
    static filch_future *above[ROWS][ROWS][2];
    static const unsigned workers[] = {1, 2, 8};
    for (int w = 0; w < 3; w++) {
        filch_runtime *rt = runtime(workers[w]);
        memset(number, 0, sizeof number);
        memset(both, 0, sizeof both);
        for (int n = 1; n < ROWS; n++)
            for (int k = 1; k < n; k++) {
                above[n][k][0] = &number[n - 1][k - 1];
                above[n][k][1] = &number[n - 1][k];
                OK(filch_when_all(&both[n][k], above[n][k], 2));
                OK(filch_then(&number[n][k], &both[n][k], rt, sum, above[n][k], sizeof(long)));
            }
        for (int n = ROWS; n-- > 0;) {
            set_long(&number[n][0], 1);
            if (n)
                set_long(&number[n][n], 1);
        }
        OK(filch_await(&number[28][14]));
        cr_assert_eq(FILCH_VALUE(long, &number[28][14]), 40116600);
        OK(filch_runtime_destroy(rt)); /* after all that it will be asked for */
    }
}

Test(future_graph, no_future_waits_for_itself)
{
    filch_runtime *rt = runtime(1);
    filch_future self = {0}, other = {0};
    filch_future *both[] = {&other, &self};
    cr_assert_eq(filch_then(&self, &self, rt, add, TWO, 8), -EDEADLK);
    cr_assert_not_null(strstr(filch_error(), "filch_then"), "%s", filch_error());
    cr_assert_eq(filch_when_all(&self, both + 1, 1), -EDEADLK);
    cr_assert_eq(filch_when_all(&self, both, 2), -EDEADLK);
    cr_assert_eq(filch_when_any(&self, both, 2, NULL), -EDEADLK);
    cr_assert_not_null(strstr(filch_error(), "filch_when_any"), "%s", filch_error());
    set_long(&self, 1);
    set_long(&other, 1);
    OK(filch_runtime_destroy(rt));
}
