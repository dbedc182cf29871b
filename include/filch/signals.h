/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Signals as contexts: a service that is told to end by SIGTERM or SIGINT learns it as it learns of any
 * cancellation. For service authors.
 *
 *   filch_context *stop;
 *   filch_signal_context(&stop, NULL, (const int[]){SIGTERM, SIGINT}, 2);
 *   ...  work below `stop`; FILCH_DONE(stop) in a select; filch_context_wait(stop, FILCH_FOREVER)
 *   filch_signal_context_end(stop);
 *   filch_context_release(stop);
 *
 * The first of the signals cancels the context with -EINTR. From then on, and after
 * filch_signal_context_end, they do again what they did before: a second Ctrl-C ends a program that
 * does not come to its end. In a child of fork() they do what they do by default.
 * Threads: any task or thread. */
#ifndef FILCH_SIGNALS_H
#define FILCH_SIGNALS_H

#include <filch/context.h>

FILCH_BEGIN_DECLS

/* A child of parent, or with NULL a root, that each of `count` signals cancels. Does not wait. -EINVAL
 * none, or one that cannot be caught, or that a program's own error raises; -EBUSY another context
 * has one of them: end that; -ENOMEM, -EMFILE, -EAGAIN. */
FILCH_API int filch_signal_context(filch_context **out, filch_context *parent, const int *signals,
                                   size_t count);
/* The signals do what they did before; the context stays as it is. Nothing if one of them has come, or
 * with NULL. */
FILCH_API void filch_signal_context_end(filch_context *context);

FILCH_END_DECLS
#endif
