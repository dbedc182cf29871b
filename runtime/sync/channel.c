/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/sync/channel.h>

#include <runtime/engine/observe/handover.h>
#include <runtime/engine/patience.h>
#include <runtime/engine/runtime.h>
#include <runtime/engine/worker.h>
#include <runtime/platform/clock.h>
#include <runtime/platform/error.h>
#include <runtime/platform/given.h>
#include <runtime/platform/lock.h>
#include <runtime/platform/virtual/virtual.h>
#include <sched/assert.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* ---- Life ---- */

int filch_channel_create(filch_channel **out, size_t item_size, size_t capacity)
{
    size_t bytes;
    if (!out)
        return fl_fail(EINVAL, "filch_channel_create without an address for the channel; pass one");
    if (__builtin_mul_overflow(item_size, capacity, &bytes) ||
        bytes > PTRDIFF_MAX - sizeof(filch_channel))
        return fl_fail(EINVAL, "a channel of %zu items of %zu bytes: more than memory can hold",
                       capacity, item_size);
    filch_channel *channel = calloc(1, sizeof *channel + bytes);
    if (!channel)
        return fl_fail(ENOMEM, "no memory for a channel of %zu items of %zu bytes; give it less",
                       capacity, item_size);
    channel->item_size = item_size;
    channel->capacity = capacity;
    fl_life_begin(&channel->life);
    *out = channel;
    return 0;
}

static int refuse_null(void)
{
    return fl_fail(
        EINVAL,
        "filch_channel_send, filch_channel_receive, filch_channel_close: argument channel is NULL; "
        "create one, or use filch_select, which never takes a case on NULL");
}

int filch_channel_close(filch_channel *channel)
{
    FL_MAY_LIVE(channel);
    if (!channel)
        return refuse_null();
    fl_lock(&channel->lock);
    if (channel->closed) {
        fl_unlock(&channel->lock);
        return fl_fail(EPIPE, "this channel is already closed; let one party close it");
    }
    channel->closed = true;
    fl_node *all = fl_waiters_claim_all(&channel->receivers, NULL);
    all = fl_waiters_claim_all(&channel->senders, all);
    fl_unlock(&channel->lock); /* the last touch: a thread that sees it closed may destroy it */
    fl_tell_list(all, -EPIPE);
    return 0;
}

void filch_channel_destroy(filch_channel *channel)
{
    FL_MAY_LIVE(channel);
    if (!channel)
        return;
    fl_lock(&channel->lock);
    fl_dismiss(&channel->lock, &channel->senders);
    fl_lock(&channel->lock);
    fl_dismiss(&channel->lock, &channel->receivers);
    fl_life_end(&channel->life);
    free(channel);
}

/* ---- In a trace: items go from senders to receivers, and places in the ring back ---- */

static const void *places(const filch_channel *channel)
{
    return &channel->capacity; /* an address of its own */
}

static FILCH_COLD void note_sent(const filch_channel *channel)
{
    fl_handover_put_free(places(channel), (int64_t)channel->capacity);
    fl_taken(places(channel), 1);
}

static FILCH_COLD void note_received(const filch_channel *channel)
{
    fl_taken(channel, 1);
    if (channel->capacity)
        fl_given(places(channel), 1);
}

/* ---- Items ---- */

static inline void move(const filch_channel *channel, void *to, const void *from)
{
    if (channel->item_size == sizeof(uint64_t))
        memcpy(to, from, sizeof(uint64_t));
    else if (channel->item_size)
        memcpy(to, from, channel->item_size);
}

static void *place(filch_channel *channel, size_t index)
{
    size_t at = channel->first + index;
    if (at >= channel->capacity)
        at -= channel->capacity;
    return channel->ring + at * channel->item_size;
}

static void put(filch_channel *channel, const void *item)
{
    FL_ASSERT(channel->count < channel->capacity);
    move(channel, place(channel, channel->count), item);
    channel->count++;
}

static void take(filch_channel *channel, void *item)
{
    FL_ASSERT(channel->count && channel->first < channel->capacity);
    move(channel, item, place(channel, 0));
    channel->count--;
    if (++channel->first == channel->capacity)
        channel->first = 0;
}

int fl_channel_send(filch_channel *channel, const void *item, fl_node **told)
{
    *told = NULL;
    if (channel->closed)
        return -EPIPE;
    fl_node *receiver = fl_waiters_claim(&channel->receivers);
    if (receiver)
        move(channel, receiver->data, item);
    else if (channel->count < channel->capacity)
        put(channel, item);
    else
        return FL_MUST_WAIT;
    *told = receiver;
    if (fl_handovers()) {
        fl_given(channel, 1);
        note_sent(channel);
    }
    return 0;
}

/* The item of the longest-waiting sender goes behind those in the ring. */
int fl_channel_receive(filch_channel *channel, void *item, fl_node **told)
{
    bool any = channel->count;
    if (any)
        take(channel, item);
    fl_node *sender = *told = fl_waiters_claim(&channel->senders);
    if (sender && any)
        put(channel, sender->data);
    else if (sender)
        move(channel, item, sender->data);
    else if (!any)
        return channel->closed ? -EPIPE : FL_MUST_WAIT;
    if (fl_handovers())
        note_received(channel);
    return 0;
}

/* ---- Operations ---- */

/* Time lost here tells the worker not to split such a pair again (runtime/engine/patience.h). The
 * operation has not begun to wait yet, so the fiber is still on the worker on which it began. */
FILCH_COLD static void lock_contended(filch_u32 *lock)
{
    uint64_t from = fl_ticks();
    fl_lock_slow(lock);
    fl_worker *here = fl_worker_here();
    if (here)
        fl_patience_lost(&here->patience, from, fl_ticks());
}

typedef int move_fn(filch_channel *channel, void *item, fl_node **told);

static int send_from(filch_channel *channel, void *item, fl_node **told)
{
    return fl_channel_send(channel, item, told);
}

static inline int closed(int rc, move_fn *move_item)
{
    return fl_if_closed(rc, move_item == send_from
                                ? "filch_channel_close has closed this channel; send nothing more"
                                : "filch_channel_close has closed this channel, and all its items "
                                  "have been received; stop receiving");
}

/* With the lock held, which is released. The item may go before the sender goes on. */
static int wait_to_send(filch_channel *channel, void *item, int64_t until)
{
    fl_given(channel, until > 0);
    fl_waits_in("filch_channel_send", channel);
    int rc = fl_wait_cancellable(&channel->lock, &channel->senders, item, until);
    if (rc)
        fl_taken(channel, until > 0); /* back */
    else if (fl_handovers())
        note_sent(channel);
    return closed(rc, send_from);
}

static int wait_to_receive(filch_channel *channel, void *item, int64_t until)
{
    fl_waits_in("filch_channel_receive", channel);
    int rc = fl_wait_cancellable(&channel->lock, &channel->receivers, item, until);
    if (!rc && fl_handovers())
        note_received(channel);
    return closed(rc, NULL);
}

static inline int operate(filch_channel *channel, move_fn *move_item, void *item, int64_t until)
{
    fl_node *told;
    if (FILCH_UNLIKELY(!channel))
        return refuse_null();
    fl_point();
    fl_lock_by(&channel->lock, lock_contended);
    int rc = move_item(channel, item, &told);
    if (rc == FL_MUST_WAIT)
        return move_item == send_from ? wait_to_send(channel, item, until)
                                      : wait_to_receive(channel, item, until);
    fl_unlock(&channel->lock);
    if (told)
        fl_waiter_tell(told->waiter, told, 0);
    return closed(rc, move_item);
}

int filch_channel_send_until(filch_channel *channel, const void *item, int64_t until)
{
    FL_MAY_LIVE(channel);
    return operate(channel, send_from, (void *)(uintptr_t)item, until);
}

int filch_channel_receive_until(filch_channel *channel, void *item, int64_t until)
{
    FL_MAY_LIVE(channel);
    return operate(channel, fl_channel_receive, item, until);
}

int filch_channel_send(filch_channel *channel, const void *item)
{
    return filch_channel_send_until(channel, item, FILCH_FOREVER);
}

int filch_channel_receive(filch_channel *channel, void *item)
{
    return filch_channel_receive_until(channel, item, FILCH_FOREVER);
}

bool filch_channel_next(filch_channel *channel, void *item, size_t size)
{
    FL_MUST_LIVE(channel);
    if (channel && channel->item_size != size)
        filch_die("FILCH_EACH with items of %zu bytes, of a channel whose items have %zu; give it "
                  "the type that is sent",
                  size, channel->item_size);
    return !filch_channel_receive(channel, item);
}

int filch_channel_try_send(filch_channel *channel, const void *item)
{
    return fl_tried(filch_channel_send_until(channel, item, 0),
                    "the channel is full; wait with filch_channel_send, or try again later");
}

int filch_channel_try_receive(filch_channel *channel, void *item)
{
    return fl_tried(filch_channel_receive_until(channel, item, 0),
                    "the channel is empty; wait with filch_channel_receive, or try again later");
}

/* ---- Queries ---- */

size_t filch_channel_length(filch_channel *channel)
{
    FL_MUST_LIVE(channel);
    fl_lock(&channel->lock);
    size_t count = channel->count;
    fl_unlock(&channel->lock);
    return count;
}

bool filch_channel_closed(filch_channel *channel)
{
    FL_MUST_LIVE(channel);
    fl_lock(&channel->lock);
    bool is_closed = channel->closed;
    fl_unlock(&channel->lock);
    return is_closed;
}

size_t filch_channel_capacity(const filch_channel *channel)
{
    FL_MUST_LIVE(channel);
    return channel->capacity;
}
