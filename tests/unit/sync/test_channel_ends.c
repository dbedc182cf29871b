/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A channel that is destroyed tells its waiters on both sides, under its lock, and an ended wait
 * has the text of its error. */
#include <pthread.h>
#include <runtime/sync/cancellation.h>
#include <runtime/sync/channel.h>
#include <tests/support/tasks.h>
#include <tests/support/test.h>

Test(channel_ends, no_channel_is_destroyed_without_harm)
{
    filch_channel_destroy(NULL);
}

typedef struct party {
    filch_channel *channel;
    int rc;
    pthread_t thread;
} party;

static void *sends(void *arg)
{
    party *one = arg;
    one->rc = filch_channel_send(one->channel, &(int){1});
    return NULL;
}

static void *receives(void *arg)
{
    party *one = arg;
    int item;
    one->rc = filch_channel_receive(one->channel, &item);
    return NULL;
}

static void *destroys(void *arg)
{
    party *one = arg;
    filch_channel_destroy(one->channel);
    return NULL;
}

static void start(party *one, filch_channel *channel, void *(*run)(void *))
{
    *one = (party){.channel = channel, .rc = 1};
    cr_assert_eq(pthread_create(&one->thread, NULL, run, one), 0);
}

static void a_waiter_is_told(void *(*waits)(void *))
{
    party waiter;
    filch_channel *channel = channel_of(sizeof(int), 0);
    start(&waiter, channel, waits);
    channel_wait_for(channel, 1);
    filch_channel_destroy(channel);
    cr_assert_eq(pthread_join(waiter.thread, NULL), 0);
    cr_assert_eq(waiter.rc, -EIDRM);
}

Test(channel_ends, destroy_wakes_waiting_sender)
{
    a_waiter_is_told(sends);
}

Test(channel_ends, destroy_wakes_waiting_receiver)
{
    a_waiter_is_told(receives);
}

/* A waiter whose time is over takes its node out under the lock, beside the destroyer. */
Test(channel_ends, destroyer_locks_before_checking_waiters)
{
    party waiter, destroyer;
    filch_channel *channel = channel_of(sizeof(int), 0);
    start(&waiter, channel, sends);
    channel_wait_for(channel, 1);
    fl_lock(&channel->lock);
    start(&destroyer, channel, destroys);
    WAIT_WHILE(filch_u32_load(&channel->lock, FILCH_ACQUIRE) != FL_LOCK_WAITED_FOR);
    cr_assert_not_null(channel->senders.first, "nobody was told");
    fl_unlock(&channel->lock);
    cr_assert_eq(pthread_join(destroyer.thread, NULL), 0);
    cr_assert_eq(pthread_join(waiter.thread, NULL), 0);
    cr_assert_eq(waiter.rc, -EIDRM);
}

/* ---- The text of the error ---- */

static bool is_waited_for(filch_context *context)
{
    fl_lock(&context->lock);
    bool any = fl_waiters_any(&context->waiters);
    fl_unlock(&context->lock);
    return any;
}

static void *cancels(void *context)
{
    WAIT_WHILE(!is_waited_for(context));
    filch_context_cancel(context, -EPERM);
    return NULL;
}

Test(channel_ends, smallest_errno_has_error_text)
{
    filch_context *context = child_of(NULL);
    pthread_t thread;
    cr_assert_eq(pthread_create(&thread, NULL, cancels, context), 0);
    cr_assert_eq(filch_context_wait(context, FILCH_FOREVER), -EPERM);
    cr_assert_neq(strlen(filch_error()), 0);
    cr_assert_eq(pthread_join(thread, NULL), 0);
    filch_context_release(context);
}
