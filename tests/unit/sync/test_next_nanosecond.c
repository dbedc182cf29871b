/* SPDX-License-Identifier: MIT OR Apache-2.0
 * test: wraps clock_gettime
 *
 * A deadline of the next nanosecond is not past, on a clock that this test stops. */
#include <tests/support/system.h>
#include <tests/support/tasks.h>
#include <tests/support/test.h>

Test(next_nanosecond, context_is_not_cancelled_early)
{
    filch_context *context = until(NULL, stop_clock());
    int cause = filch_context_cause(context);
    start_clock();
    cr_assert_eq(cause, 0);
    cr_assert_eq(filch_context_wait(context, FILCH_FOREVER), -ETIMEDOUT);
    filch_context_release(context);
}

static filch_channel *channel;
static int64_t next;
static int rc, item;
static signpost ended;

static void receives(filch_self self, void *unused)
{
    rc = filch_channel_receive_until(channel, &item, next);
    signpost_raise(&ended);
}

static void selects(filch_self self, void *unused)
{
    filch_case cases[] = {FILCH_RECEIVE(channel, &item), FILCH_UNTIL(next)};
    rc = filch_select(cases, 2);
    signpost_raise(&ended);
}

/* It waits until there is an item, since its time does not come. */
static void gets_an_item(filch_go_fn *waits)
{
    filch_runtime *rt = NULL;
    OK(filch_runtime_create(&rt, &(filch_config){.workers = 1}));
    channel = channel_of(sizeof item, 0);
    rc = 1;
    next = stop_clock();
    cr_assert_eq((filch_go)(rt, waits, NULL), 0);
    WAIT_WHILE(!channel_waiting(channel) && !signpost_count(&ended));
    int sent = filch_channel_try_send(channel, &(int){7});
    start_clock();
    cr_assert_eq(sent, 0, "nobody waits");
    OK(filch_runtime_destroy(rt));
    cr_assert_eq(rc, 0);
    cr_assert_eq(item, 7);
    filch_channel_destroy(channel);
}

Test(next_nanosecond, a_receiver_waits_for_it)
{
    gets_an_item(receives);
}

Test(next_nanosecond, a_select_waits_for_it)
{
    gets_an_item(selects);
}
