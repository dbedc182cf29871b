/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A channel, internal part: select shares it with send and receive. One lock; a ring holds the
 * items; waiters wait in one of two queues. An item never waits beside a receiver: receivers wait
 * only while the ring is empty and no sender waits, senders only while it is full and no receiver
 * waits. A waiter's node says where its item is, or goes. */
#ifndef FL_CHANNEL_H
#define FL_CHANNEL_H

#include <filch/channel.h>
#include <runtime/sync/wait.h>

struct filch_channel {
    /* Never changes */
    size_t item_size, capacity;
    /* Under the lock */
    filch_u32 lock;
    uint32_t life; /* runtime/platform/given.h */
    filch_waiters receivers, senders;
    size_t first, count; /* of the ring */
    bool closed;
    char ring[];
};

/* With the lock held: moves an item if that is possible now. Returns FL_MUST_WAIT if it is not,
 * else the outcome. *told: the node of the waiter that this serves, to be told 0 when the lock is
 * free, or NULL. */
enum { FL_MUST_WAIT = 1 };
int fl_channel_send(filch_channel *channel, const void *item, fl_node **told);
int fl_channel_receive(filch_channel *channel, void *item, fl_node **told);

#endif
