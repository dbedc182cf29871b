/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Signals for tasks: the first signal cancels a context, or each one is sent into a channel. For
 * service authors.
 *
 *   filch_context *stop;
 *   filch_signal_context(&stop, NULL, (const int[]){SIGTERM, SIGINT}, 2);
 *   ...  work below `stop`; FILCH_DONE(stop) in a select; filch_context_wait(stop, FILCH_FOREVER)
 *   filch_signal_context_end(stop);
 *   filch_context_release(stop);
 *
 *   filch_channel *signals;
 *   filch_signal_channel(&signals, (const int[]){SIGTERM, SIGINT, SIGHUP}, 3);
 *   FILCH_EACH(int, number, signals) ...                    SIGHUP: reload; the first of the others:
 *                                                           drain; the second: cancel
 *   filch_signal_channel_end(signals);
 *   filch_channel_destroy(signals);
 *
 * Context: the first of the signals cancels it with -EINTR. From then on, and after
 * filch_signal_context_end, they have their previous effect again: a second Ctrl-C ends a program
 * that does not come to its end.
 * Channel: all signals are sent until filch_signal_channel_end, so a second Ctrl-C does what the
 * program makes of it. The kernel merges signals of one number that come before their handler
 * runs; no other is lost while fewer than 64 wait in the channel.
 * In a child of fork() the signals have their default effect. The handlers may be installed before
 * or after threads are started, and need one thread that does not block the signals. System calls
 * of that thread are restarted, as SA_RESTART says.
 * Threads: any task or thread.
 * Since 0.1.0. */
#ifndef FILCH_SIGNALS_H
#define FILCH_SIGNALS_H
#include <filch/detail/hide_words.h>

#include <filch/channel.h>
#include <filch/context.h>

FILCH_BEGIN_DECLS

/* Creates a child of parent (NULL: a root), which each of `count` signals cancels. Does not
 * wait. Errors: -EINVAL (no signal, one that cannot be caught, or one raised by a program's own
 * error); -EBUSY (another context or channel has one of them: end that); -ENOMEM, -EMFILE,
 * -EAGAIN. */
FILCH_API int filch_signal_context(filch_context **out, filch_context *parent, const int *signals,
                                   size_t count);
/* Restores the previous effect of the signals; the context stays unchanged. Does nothing if one
 * of them has come, or with NULL. */
FILCH_API void filch_signal_context_end(filch_context *context);

/* Creates a channel of int, into which each of `count` signals is sent as its number when it comes,
 * as often as it comes. It has room for 64; more are dropped. Receive from it in any task or thread,
 * also by FILCH_RECEIVE in a select. Does not wait. Errors: as filch_signal_context; out is
 * untouched then. */
FILCH_API int filch_signal_channel(filch_channel **out, const int *signals, size_t count);
/* Restores the previous effect of the signals and closes the channel: signals in it can still be
 * received, then receivers get -EPIPE. The caller destroys the channel afterwards, not before. Once
 * for each channel; NULL is allowed. */
FILCH_API void filch_signal_channel_end(filch_channel *channel);

FILCH_END_DECLS
#include <filch/detail/show_words.h>
#endif
