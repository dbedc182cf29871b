/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Channels: queues of items between any number of sending and receiving tasks and threads. For
 * engineers and service authors. C. A. R. Hoare, Communicating Sequential Processes, 1978. The
 * semantics are those of Go's channels, with errors where Go panics.
 *
 *   filch_channel *lines;
 *   filch_channel_create(&lines, sizeof(char *), 16);
 *   char *line = ...;  filch_channel_send(lines, &line);      waits while 16 lines are in it
 *   FILCH_EACH(char *, one, lines) { ... }                    until it is closed and empty
 *   filch_channel_close(lines);
 *
 * Capacity 0: a rendezvous; a send returns when a receiver has the item.
 * Order: items are first in, first out; waiters are served first come, first served.
 * Life: a channel is created, used, closed at most once, when no sender is left, and destroyed when
 * it is no longer used (remaining waiters get -EIDRM).
 * Threads: tasks and any thread may call every function. Suspends: sends and receives without try,
 * as <filch/wait.h> says.
 * Errors: 0 or a negative errno; on an error no item has moved. -EINVAL: the channel is NULL.
 * `item` must point to an item of the channel's item_size (it may be NULL if that is 0): the
 * library cannot check it.
 * Since 0.1.0. */
#ifndef FILCH_CHANNEL_H
#define FILCH_CHANNEL_H
#include <filch/detail/hide_words.h>

#include <filch/wait.h>
#include <stdbool.h>

typedef struct filch_channel filch_channel;

FILCH_BEGIN_DECLS

/* ---- Life ---- */

/* Creates a channel for items of item_size bytes (0: items are signals), with room for
 * `capacity` of them. Errors: -EINVAL (out is NULL, or more bytes than memory has); -ENOMEM. */
FILCH_API int filch_channel_create(filch_channel **out, size_t item_size, size_t capacity);

/* Closes the channel to senders; waiting senders get -EPIPE. Items in it can still be received,
 * then receivers get -EPIPE. Error: -EPIPE (closed already). */
FILCH_API int filch_channel_close(filch_channel *channel);

/* Frees the channel and its items. All waiters get -EIDRM; do not use it afterwards. NULL is
 * allowed. May suspend. */
FILCH_API void filch_channel_destroy(filch_channel *channel);

/* ---- Operations ---- */

/* Moves the item at `item` into the channel. Waits while it is full. Errors: -EPIPE (closed);
 * -EIDRM (destroyed during the wait). */
FILCH_API int filch_channel_send(filch_channel *channel, const void *item);
/* The same, but does not wait: -EAGAIN if it is full. */
FILCH_API int filch_channel_try_send(filch_channel *channel, const void *item);
/* The same, until `until`. Further errors: -ETIMEDOUT; -EINVAL (negative time); -ENOMEM or -EAGAIN
 * (no timer). */
FILCH_API int filch_channel_send_until(filch_channel *channel, const void *item, int64_t until);

/* Moves the next item to `item`. Waits while there is none. Errors: -EPIPE (closed and empty);
 * -EIDRM (destroyed during the wait). */
FILCH_API int filch_channel_receive(filch_channel *channel, void *item);
/* The same, but does not wait: -EAGAIN if there is none. */
FILCH_API int filch_channel_try_receive(filch_channel *channel, void *item);
/* The same, until `until`. Further errors: -ETIMEDOUT; -EINVAL (negative time); -ENOMEM or -EAGAIN
 * (no timer). */
FILCH_API int filch_channel_receive_until(filch_channel *channel, void *item, int64_t until);

/* Receives as filch_channel_receive does. Returns true if it has received an item; false if the
 * channel is closed and empty, or destroyed. size is that of *item, in bytes; calls filch_die if
 * the channel's items have another size. */
FILCH_API bool filch_channel_next(filch_channel *channel, void *item, size_t size);

/* A loop over the items of a channel, until it is closed and empty: `for (type name; ...)`. Each
 * item is received into the variable `name`, whose type has the channel's item_size. Suspends. */
#define FILCH_EACH(type, name, channel)                                                            \
    for (type name; filch_channel_next(channel, &(name), sizeof(name));)

/* ---- Queries ---- */

/* Returns the number of items in it; possibly outdated on return. */
FILCH_API size_t filch_channel_length(filch_channel *channel);
/* Returns its capacity, in items. It never changes. */
FILCH_API size_t filch_channel_capacity(const filch_channel *channel);
/* Returns true if it is closed; items may still be in it. */
FILCH_API bool filch_channel_closed(filch_channel *channel);

FILCH_END_DECLS
#include <filch/detail/show_words.h>
#endif
