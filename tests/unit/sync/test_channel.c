/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <tests/support/system.h>

#include <pthread.h>
#include <runtime/sync/cancellation.h>
#include <runtime/sync/channel.h>
#include <tests/support/tasks.h>
#include <tests/support/test.h>

/* ---- Items ---- */

static void fill(unsigned char *item, size_t size, unsigned number)
{
    for (size_t i = 0; i < size; i++)
        item[i] = (unsigned char)stress_mix(number * 4096 + i);
}

static void send_and_receive_in_bursts(size_t size, size_t capacity)
{
    enum { LARGEST = 4096, GUARD = 16, ROUNDS = 5 };
    unsigned char sent[LARGEST], got[LARGEST + GUARD], untouched[GUARD];
    filch_channel *channel = channel_of(size, capacity);
    unsigned in = 0, out = 0;
    memset(untouched, 0xa5, sizeof untouched);
    for (unsigned round = 0; round < ROUNDS; round++) {
        for (fill(sent, size, in); filch_channel_try_send(channel, sent) == 0;
             fill(sent, size, ++in))
            ;
        cr_assert_eq(in - out, capacity);
        for (size_t left = round + 1 < ROUNDS ? (capacity + 1) / 2 : capacity; left; left--) {
            memset(got, 0xa5, sizeof got);
            OK(filch_channel_try_receive(channel, got));
            fill(sent, size, out++);
            cr_assert_arr_eq(got, sent, size);
            cr_assert_arr_eq(got + size, untouched, GUARD);
            cr_assert_eq(filch_channel_length(channel), in - out);
        }
    }
    cr_assert_eq(filch_channel_try_receive(channel, got), -EAGAIN);
    filch_channel_destroy(channel);
}

Test(channel, items_arrive_whole_and_in_order)
{
    static const size_t sizes[] = {0, 1, 3, 4, 7, 8, 9, 16, 40, 4095, 4096};
    static const size_t capacities[] = {1, 2, 3, 64};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
        for (size_t j = 0; j < sizeof capacities / sizeof capacities[0]; j++)
            send_and_receive_in_bursts(sizes[i], capacities[j]);
}

Test(channel, signals_need_no_memory_for_items)
{
    filch_channel *channel = channel_of(0, SIZE_MAX);
    for (int i = 0; i < 100; i++)
        OK(filch_channel_send(channel, NULL));
    for (int i = 0; i < 100; i++)
        OK(filch_channel_receive(channel, NULL));
    cr_assert_eq(filch_channel_try_receive(channel, NULL), -EAGAIN);
    filch_channel_destroy(channel);
}

Test(channel, has_the_configured_capacity)
{
    filch_channel *channel = channel_of(24, 5);
    cr_assert_eq(filch_channel_capacity(channel), 5);
    cr_assert_eq(filch_channel_length(channel), 0);
    cr_assert_not(filch_channel_closed(channel));
    filch_channel_destroy(channel);
    filch_channel_destroy(NULL);
}

/* ---- What is refused ---- */

Test(channel, refuses_more_than_memory_holds)
{
    filch_channel *channel = NULL;
    cr_assert_eq(filch_channel_create(NULL, 8, 8), -EINVAL);
    cr_assert_eq(filch_channel_create(&channel, SIZE_MAX, 2), -EINVAL);
    cr_assert_eq(filch_channel_create(&channel, 2, SIZE_MAX / 2), -EINVAL);
    cr_assert_eq(filch_channel_create(&channel, 1, SIZE_MAX - 8), -EINVAL);
    cr_assert_neq(strlen(filch_error()), 0);
    cr_assert_null(channel);
}

Test(channel, refuses_to_be_null)
{
    int item = 0;
    cr_assert_eq(filch_channel_send(NULL, &item), -EINVAL);
    cr_assert_eq(filch_channel_try_send(NULL, &item), -EINVAL);
    cr_assert_eq(filch_channel_send_until(NULL, &item, 0), -EINVAL);
    cr_assert_eq(filch_channel_receive(NULL, &item), -EINVAL);
    cr_assert_eq(filch_channel_try_receive(NULL, &item), -EINVAL);
    cr_assert_eq(filch_channel_receive_until(NULL, &item, FILCH_FOREVER), -EINVAL);
    cr_assert_eq(filch_channel_close(NULL), -EINVAL);
    cr_assert_not_null(strstr(filch_error(), "NULL"));
}

static void loop_over_another_type(void)
{
    filch_channel *channel = channel_of(8, 1);
    FILCH_EACH(int32_t, one, channel) CHILD_CHECK(one == one + 1);
}

Test(channel, loop_over_wrong_item_size_dies)
{
    struct child child;
    child_run(&child, loop_over_another_type);
    cr_assert(child_died(&child, "items of 4 bytes"), "%s", child.text);
    cr_assert_not_null(strstr(child.text, "have 8"), "%s", child.text);
}

Test(channel, past_or_negative_deadlines_never_wait)
{
    int item = 7;
    static const size_t capacities[] = {0, 1};
    for (int i = 0; i < 2; i++) {
        filch_channel *channel = channel_of(sizeof item, capacities[i]);
        cr_assert_eq(filch_channel_receive_until(channel, &item, 0), -ETIMEDOUT);
        cr_assert_eq(filch_channel_receive_until(channel, &item, 1), -ETIMEDOUT);
        cr_assert_eq(filch_channel_receive_until(channel, &item, filch_now()), -ETIMEDOUT);
        cr_assert_eq(filch_channel_receive_until(channel, &item, -1), -EINVAL);
        cr_assert_eq(filch_channel_receive_until(channel, &item, INT64_MIN), -EINVAL);
        cr_assert_eq(filch_channel_try_receive(channel, &item), -EAGAIN);
        while (filch_channel_try_send(channel, &item) == 0)
            ;
        cr_assert_eq(filch_channel_length(channel), capacities[i]);
        cr_assert_eq(filch_channel_send_until(channel, &item, 0), -ETIMEDOUT);
        cr_assert_eq(filch_channel_send_until(channel, &item, 1), -ETIMEDOUT);
        cr_assert_eq(filch_channel_send_until(channel, &item, -1), -EINVAL);
        cr_assert_eq(filch_channel_try_send(channel, &item), -EAGAIN);
        cr_assert_eq(filch_channel_length(channel), capacities[i]);
        filch_channel_destroy(channel);
    }
}

/* ---- Closing ---- */

Test(channel, closed_channel_drains_then_returns_epipe)
{
    filch_channel *channel = channel_of(sizeof(int), 3);
    int got = 0;
    for (int i = 1; i <= 2; i++)
        OK(filch_channel_send(channel, &i));
    OK(filch_channel_close(channel));
    cr_assert(filch_channel_closed(channel));
    cr_assert_eq(filch_channel_close(channel), -EPIPE);
    cr_assert_eq(filch_channel_send(channel, &got), -EPIPE);
    cr_assert_eq(filch_channel_try_send(channel, &got), -EPIPE);
    cr_assert_eq(filch_channel_send_until(channel, &got, 0), -EPIPE);
    cr_assert_eq(filch_channel_length(channel), 2);
    for (int i = 1; i <= 2; i++) {
        OK(filch_channel_receive(channel, &got));
        cr_assert_eq(got, i);
    }
    cr_assert_eq(filch_channel_receive(channel, &got), -EPIPE);
    cr_assert_eq(filch_channel_try_receive(channel, &got), -EPIPE);
    cr_assert_eq(filch_channel_receive_until(channel, &got, 0), -EPIPE);
    cr_assert_eq(got, 2, "nothing has moved");
    filch_channel_destroy(channel);
}

/* ---- Waiting, as task and as thread ---- */

typedef struct attempt {
    filch_channel *channel;
    uint64_t item;
    int64_t until;
    int code;
    signpost returned;
} attempt;

static void send_party(void *arg)
{
    attempt *call = arg;
    call->code = filch_channel_send_until(call->channel, &call->item, call->until);
    signpost_raise(&call->returned);
}

static void receive_party(void *arg)
{
    attempt *call = arg;
    call->code = filch_channel_receive_until(call->channel, &call->item, call->until);
    signpost_raise(&call->returned);
}

static void rendezvous(crew *all, enum crew_kind kind, const char *name)
{
    filch_channel *channel = channel_of(sizeof(uint64_t), 0);
    attempt send = {channel, 42, FILCH_FOREVER, 1, {0}};
    crew_start(all, kind, send_party, &send);
    channel_wait_for(channel, 1);
    cr_assert_eq(signpost_count(&send.returned), 0, "%s", name);
    uint64_t got = 0;
    cr_assert_eq(filch_channel_receive(channel, &got), 0, "%s", name);
    crew_wait(all);
    cr_assert_eq(got, 42, "%s", name);
    cr_assert_eq(send.code, 0, "%s", name);
    filch_channel_destroy(channel);
}

Test(channel, unbuffered_send_returns_after_receipt)
{
    crew_everywhere(rendezvous);
}

static void first_come_first_served(crew *all, enum crew_kind kind, const char *name)
{
    enum { SENDERS = 5 };
    filch_channel *channel = channel_of(sizeof(uint64_t), 1);
    attempt sends[SENDERS];
    for (uint64_t i = 0; i < SENDERS; i++) {
        sends[i] = (attempt){channel, i, FILCH_FOREVER, 1, {0}};
        crew_start(all, kind, send_party, &sends[i]);
        if (i)
            channel_wait_for(channel, (unsigned)i);
        else
            signpost_wait(&sends[0].returned, 1);
    }
    for (uint64_t i = 0, got = 9; i < SENDERS; i++) {
        cr_assert_eq(filch_channel_receive(channel, &got), 0, "%s", name);
        cr_assert_eq(got, i, "%s", name);
    }
    crew_wait(all);
    for (int i = 0; i < SENDERS; i++)
        cr_assert_eq(sends[i].code, 0, "%s", name);
    filch_channel_destroy(channel);
}

Test(channel, waiting_senders_are_served_in_order)
{
    crew_everywhere(first_come_first_served);
}

static void first_come_first_given(crew *all, enum crew_kind kind, const char *name)
{
    enum { RECEIVERS = 5 };
    filch_channel *channel = channel_of(sizeof(uint64_t), 3);
    attempt receives[RECEIVERS];
    for (unsigned i = 0; i < RECEIVERS; i++) {
        receives[i] = (attempt){channel, 99, FILCH_FOREVER, 1, {0}};
        crew_start(all, kind, receive_party, &receives[i]);
        channel_wait_for(channel, i + 1);
    }
    for (uint64_t i = 0; i < RECEIVERS; i++)
        cr_assert_eq(filch_channel_send(channel, &i), 0, "%s", name);
    crew_wait(all);
    for (unsigned i = 0; i < RECEIVERS; i++)
        cr_assert_eq(receives[i].item, i, "%s", name);
    cr_assert_eq(filch_channel_length(channel), 0, "%s", name);
    filch_channel_destroy(channel);
}

Test(channel, waiting_receivers_get_items_in_order)
{
    crew_everywhere(first_come_first_given);
}

static void time_passes(crew *all, enum crew_kind kind, const char *name)
{
    filch_channel *channel = channel_of(sizeof(uint64_t), 0);
    attempt send = {channel, 1, filch_in(FILCH_MILLISECOND), 1, {0}};
    attempt receive = {channel, 2, 1, 1, {0}};
    crew_start(all, kind, send_party, &send);
    crew_wait(all);
    receive.until = filch_in(FILCH_MILLISECOND);
    crew_start(all, kind, receive_party, &receive);
    crew_wait(all);
    cr_assert_eq(send.code, -ETIMEDOUT, "%s", name);
    cr_assert_eq(receive.code, -ETIMEDOUT, "%s", name);
    cr_assert_eq(receive.item, 2, "nothing has moved: %s", name);
    cr_assert_eq(channel_waiting(channel), 0, "%s", name);
    cr_assert_geq(filch_now(), receive.until, "%s", name);
    filch_channel_destroy(channel);
}

Test(channel, deadline_ends_wait_without_transfer)
{
    crew_everywhere(time_passes);
}

/* The event that ends it, and the error that waiters get. */
static void all_are_told(crew *all, enum crew_kind kind, crew_fn *call_it, bool destroy)
{
    enum { WAITERS = 6 };
    filch_channel *channel = channel_of(sizeof(uint64_t), 0);
    attempt calls[WAITERS];
    for (int i = 0; i < WAITERS; i++) { /* half of them with a deadline */
        calls[i] =
            (attempt){channel, 5, i % 2 ? filch_in(600 * FILCH_SECOND) : FILCH_FOREVER, 1, {0}};
        crew_start(all, kind, call_it, &calls[i]);
    }
    channel_wait_for(channel, WAITERS);
    if (destroy)
        filch_channel_destroy(channel);
    else
        OK(filch_channel_close(channel));
    crew_wait(all);
    for (int i = 0; i < WAITERS; i++) {
        cr_assert_eq(calls[i].code, destroy ? -EIDRM : -EPIPE);
        cr_assert_eq(calls[i].item, 5);
    }
    if (!destroy)
        filch_channel_destroy(channel);
}

static void closing(crew *all, enum crew_kind kind, const char *name)
{
    all_are_told(all, kind, send_party, false);
    all_are_told(all, kind, receive_party, false);
}

static void destroying(crew *all, enum crew_kind kind, const char *name)
{
    all_are_told(all, kind, send_party, true);
    all_are_told(all, kind, receive_party, true);
}

Test(channel, close_wakes_all_waiters)
{
    crew_everywhere(closing);
}

Test(channel, destroy_wakes_all_waiters)
{
    crew_everywhere(destroying);
}

/* ---- In a task ---- */

FILCH_VOID_TASK(produce, (filch_channel *, channel), (int, count))
{
    for (int i = 0; i < count; i++)
        filch_channel_send(channel, &i);
    filch_channel_close(channel);
}

FILCH_TASK(long, sum_of_what_it_forked, (filch_channel *, channel), (int, count))
{
    long sum = 0;
    FILCH_FORK(produce, channel, count);
    FILCH_EACH(int, one, channel) sum += one;
    FILCH_JOIN_VOID(produce);
    return sum;
}

Test(channel, task_can_wait_for_its_forks)
{
    enum { COUNT = 1000 };
    static const size_t capacities[] = {0, 1, 16};
    for (unsigned config = 0; config < CONFIGS; config++) {
        static crew all;
        const char *name = crew_open(&all, config);
        for (int i = 0; i < 3; i++) {
            filch_channel *channel = channel_of(sizeof(int), capacities[i]);
            cr_assert_eq(FILCH_RUN(all.rt, sum_of_what_it_forked, channel, COUNT),
                         (long)COUNT * (COUNT - 1) / 2, "%s", name);
            filch_channel_destroy(channel);
        }
        crew_close(&all);
    }
}

/* A channel that is destroyed tells its waiters on both sides, under its lock, and an ended wait
 * has the text of its error. */

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
