/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A channel from within: what select has in common with send and receive. One lock; the items that
 * are in it lie in a ring; who waits, waits in one of two queues. So that an item never waits
 * beside a receiver: receivers wait only while the ring is empty and no sender waits, senders only
 * while it is full and no receiver waits. A waiter's node says where its item is, or goes. */
#ifndef FL_CHANNEL_H
#define FL_CHANNEL_H

#include <filch/channel.h>
#include <runtime/sync/wait.h>

struct filch_channel {
    /* Never changes */
    size_t item_size, capacity;
    /* Under the lock */
    filch_u32 lock;
    filch_waiters receivers, senders;
    size_t first, count; /* of the ring */
    bool closed;
    char ring[];
};

/* With the lock held: moves an item if that is possible now. FL_MUST_WAIT: it is not; else the
 * outcome. *told is the node of the waiter that is served by it, or NULL: to be told 0 when the
 * lock is free. */
enum { FL_MUST_WAIT = 1 };
int fl_channel_send(filch_channel *channel, const void *item, fl_node **told);
int fl_channel_receive(filch_channel *channel, void *item, fl_node **told);

#endif
