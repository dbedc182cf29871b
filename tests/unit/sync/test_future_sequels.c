/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Futures built on others keep nothing of those: no error text of an earlier task, no failure of a
 * future that is gone, no size of an earlier value, no context. */
#include <runtime/sync/cancellation.h>
#include <tests/support/system.h>
#include <tests/support/tasks.h>
#include <tests/support/test.h>

static filch_runtime *one_worker(void)
{
    filch_runtime *rt = NULL;
    cr_assert_eq(filch_runtime_create(&rt, &(filch_config){.workers = 1}), 0, "%s", filch_error());
    return rt;
}

/* ---- Sequels ---- */

static int refused_call(filch_self self, const void *value, void *result, void *arg)
{
    return filch_channel_send(NULL, NULL) == -EINVAL ? 0 : -EIO;
}

static int invalid(filch_self self, const void *value, void *result, void *arg)
{
    return -EINVAL;
}

Test(future_sequels, failure_omits_earlier_sequels_error)
{
    filch_runtime *rt = one_worker();
    filch_future from = {0}, first = {0}, second = {0};
    OK(filch_then(&first, &from, rt, refused_call, NULL, 0));
    OK(filch_then(&second, &first, rt, invalid, NULL, 0));
    OK(filch_future_set(&from, NULL, 0));
    cr_assert_eq(filch_await(&second), -EINVAL);
    cr_assert_str_eq(filch_future_failure(&second)->message, "");
    OK(filch_runtime_destroy(rt));
}

static int forks_and_leaves(filch_self self, const void *value, void *result, void *arg)
{
    FILCH_FORK(fib, 5);
    return 0;
}

static void leave_a_fork(void)
{
    static filch_future from, next;
    filch_runtime *rt = NULL;
    CHILD_CHECK(!filch_runtime_create(&rt, &(filch_config){.workers = 1}));
    CHILD_CHECK(!filch_then(&next, &from, rt, forks_and_leaves, NULL, 0));
    CHILD_CHECK(!filch_future_set(&from, NULL, 0));
    filch_await(&next);
}

Test(future_sequels, sequel_leaving_fork_dies_by_name)
{
    struct child child;
    child_run(&child, leave_a_fork);
    cr_assert(child_died(&child, "task forks_and_leaves returned with an unjoined fork of fib"),
              "0x%x: %s", child.status, child.text);
}

/* ---- Promises that are broken ---- */

static signpost busy, over;

static void keep_busy(filch_self self, void *unused)
{
    signpost_raise(&busy);
    signpost_wait(&over, 1);
}

static int nothing(filch_self self, const void *value, void *result, void *arg)
{
    return 0;
}

Test(future_sequels, sequel_reads_broken_promise_only_once)
{
    filch_runtime *rt = one_worker();
    filch_future from = {0}, next = {0};
    OK(filch_then(&next, &from, rt, nothing, NULL, 0));
    OK(filch_go(rt, keep_busy, NULL));
    signpost_wait(&busy, 1);
    OK(filch_future_break(&from));
    memset(&from, 0, sizeof from); /* the sequel has not run yet */
    signpost_raise(&over);
    cr_assert_eq(filch_await(&next), -EPIPE);
    OK(filch_runtime_destroy(rt));
}

Test(future_sequels, when_all_reads_broken_promise_once)
{
    filch_future broken = {0}, other = {0}, all = {0};
    filch_future *both[] = {&broken, &other};
    OK(filch_when_all(&all, both, 2));
    OK(filch_future_break(&broken));
    memset(&broken, 0, sizeof broken);
    OK(filch_future_set(&other, NULL, 0));
    cr_assert_eq(filch_await(&all), -EPIPE);
}

/* ---- All and any ---- */

Test(future_sequels, when_all_leaves_no_old_value)
{
    filch_future all = {0};
    OK(filch_future_set(&all, &(long){1}, sizeof(long)));
    OK(filch_future_reset(&all));
    OK(filch_when_all(&all, NULL, 0));
    cr_assert_eq(filch_await_value(&all, NULL, 0), 0, "%s", filch_error());
}

static unsigned let_go;

static void count(void *unused)
{
    let_go++;
}

Test(future_sequels, any_releases_context_of_losers)
{
    static const char key;
    filch_future futures[2] = {0}, any = {0};
    filch_future *both[] = {&futures[0], &futures[1]};
    filch_context *losers = NULL;
    cr_assert_eq(fl_context_create_owner(&losers, NULL, &key, &let_go, count), 0);
    OK(filch_when_any(&any, both, 2, losers));
    filch_context_release(losers);
    cr_assert_eq(let_go, 0, "it is still needed");
    OK(filch_future_set(&futures[1], NULL, 0));
    OK(filch_await(&any));
    cr_assert_eq(let_go, 1);
}
