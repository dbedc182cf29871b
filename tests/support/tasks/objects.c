/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/sync/channel.h>
#include <tests/support/tasks.h>
#include <tests/support/test.h>

filch_context *child_of(filch_context *parent)
{
    filch_context *context = NULL;
    cr_assert_eq(filch_context_create(&context, parent), 0, "%s", filch_error());
    return context;
}

filch_context *until(filch_context *parent, int64_t when)
{
    filch_context *context = NULL;
    cr_assert_eq(filch_context_create_until(&context, parent, when), 0, "%s", filch_error());
    return context;
}

filch_channel *channel_of(size_t item_size, size_t capacity)
{
    filch_channel *channel;
    if (filch_channel_create(&channel, item_size, capacity))
        filch_die("%s", filch_error());
    return channel;
}

unsigned channel_waiting(filch_channel *channel)
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

void channel_wait_for(filch_channel *channel, unsigned count)
{
    WAIT_WHILE(channel_waiting(channel) < count);
}
