/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Channels of a test, seen from within: their waiters. A test continues when all that it needs are
 * there. */
#ifndef SUPPORT_CHANNELS_H
#define SUPPORT_CHANNELS_H

#include <filch/filch.h>
#include <runtime/sync/channel.h>
#include <tests/support/patience.h>

static inline filch_channel *channel_of(size_t item_size, size_t capacity)
{
    filch_channel *channel;
    if (filch_channel_create(&channel, item_size, capacity))
        filch_die("%s", filch_error());
    return channel;
}

/* On both sides. */
static inline unsigned channel_waiting(filch_channel *channel)
{
    unsigned count = 0;
    fl_lock(&channel->lock);
    for (fl_node *node = channel->senders.first; node; node = node->next)
        count++;
    for (fl_node *node = channel->receivers.first; node; node = node->next)
        count++;
    fl_unlock(&channel->lock);
    return count;
}

static inline void channel_wait_for(filch_channel *channel, unsigned count)
{
    WAIT_WHILE(channel_waiting(channel) < count);
}

#endif
