/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Channels: queues of items between tasks and threads, any number of them on both sides. For
 * engineers and service authors. C. A. R. Hoare, Communicating Sequential Processes, 1978; the
 * semantics are those of Go's channels, with errors where Go panics.
 *
 *   filch_channel *lines;
 *   filch_channel_create(&lines, sizeof(char *), 16);
 *   char *line = ...;  filch_send(lines, &line);              waits while 16 lines are in it
 *   FILCH_EACH(char *, one, lines) { ... }                    until it is closed and empty
 *   filch_channel_close(lines);
 *
 * Capacity 0: a rendezvous; a send returns when somebody has the item.
 * Order: first in, first out; among those who wait, first come, first served.
 * Life: created; used; closed at most once, by who knows that nobody sends any more; destroyed when
 * nobody uses it any more (who still waits gets -EIDRM).
 * Threads: all may be called by tasks and by any thread; where a call waits, see <filch/wait.h>.
 * Errors: 0 or a negative errno; on an error no item has moved. -EINVAL the channel is NULL. What
 * `item` points to has to be of the channel's item_size (may be NULL if that is 0): a void pointer
 * cannot be checked. */
#ifndef FILCH_CHANNEL_H
#define FILCH_CHANNEL_H

#include <filch/wait.h>
#include <stdbool.h>

typedef struct filch_channel filch_channel;

FILCH_BEGIN_DECLS

/* ---- Life ---- */

/* For items of item_size bytes (0: items are signals), with room for `capacity` of them. -EINVAL
 * out is NULL, or more bytes than memory has; -ENOMEM. */
FILCH_API int filch_channel_create(filch_channel **out, size_t item_size, size_t capacity);

/* Nothing is sent any more: what is in it can still be received, then -EPIPE; who waits to send
 * gets -EPIPE. -EPIPE it is closed already. */
FILCH_API int filch_channel_close(filch_channel *channel);

/* Frees it with what is in it. Everybody who waits gets -EIDRM; nobody may call it any more. NULL
 * is allowed. May suspend. */
FILCH_API void filch_channel_destroy(filch_channel *channel);

/* ---- Operations ---- */

/* Moves the item at `item` into the channel. Waits while it is full. -EPIPE it is closed; -EIDRM it
 * was destroyed meanwhile. */
FILCH_API int filch_send(filch_channel *channel, const void *item);
/* The same, but does not wait: -EAGAIN it is full. */
FILCH_API int filch_try_send(filch_channel *channel, const void *item);
/* Waits until then: -ETIMEDOUT. -EINVAL a negative time; -ENOMEM, -EAGAIN no timer. */
FILCH_API int filch_send_until(filch_channel *channel, const void *item, int64_t until);

/* Moves the next item to `item`. Waits while there is none. -EPIPE it is closed and empty; -EIDRM
 * it was destroyed meanwhile. try: -EAGAIN there is none. */
FILCH_API int filch_receive(filch_channel *channel, void *item);
FILCH_API int filch_try_receive(filch_channel *channel, void *item);
FILCH_API int filch_receive_until(filch_channel *channel, void *item, int64_t until);

/* The same as filch_receive: true, an item; false, closed and empty, or destroyed. size: that of
 * *item; dies with a line that says so if the channel's items have another one. */
FILCH_API bool filch_channel_next(filch_channel *channel, void *item, size_t size);

/* for (each item until the channel is closed and empty) */
#define FILCH_EACH(type, name, channel)                                                            \
    for (type name; filch_channel_next(channel, &(name), sizeof(name));)

/* ---- Queries: true when they are asked, perhaps no more when they are answered ---- */

FILCH_API size_t filch_channel_length(filch_channel *channel);
FILCH_API size_t filch_channel_capacity(const filch_channel *channel);
FILCH_API size_t filch_channel_item_size(const filch_channel *channel);
FILCH_API bool filch_channel_closed(filch_channel *channel);

FILCH_END_DECLS
#endif
