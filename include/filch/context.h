/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Contexts: what tells a piece of work, and everything that it has started, to stop. For engineers
 * and service authors. A tree: what is cancelled takes all below it along. A context is done when
 * it, or one above it, is cancelled, or a deadline above has passed; then it has a cause, for good.
 *
 *   filch_context *request;
 *   filch_context_create_until(&request, parent, filch_in(50 * FILCH_MILLISECOND));
 *   ...  filch_context_cause(request)                 0: go on; -ETIMEDOUT, -ECANCELED, ...: stop
 *   ...  FILCH_DONE(request) in a select
 *   filch_context_release(request);
 *
 * Nobody is stopped by force: work looks at filch_context_cause, or waits in a select.
 * Life: counted. Creation gives the first reference; each filch_context_retain another; the last
 * filch_context_release frees it. A child holds its parent. Releasing does not cancel.
 * Threads: all by any task or thread. */
#ifndef FILCH_CONTEXT_H
#define FILCH_CONTEXT_H

#include <filch/wait.h>

typedef struct filch_context filch_context;

FILCH_BEGIN_DECLS

/* ---- Life ---- */

/* A child of parent, or with NULL a root; done from the start if parent is. -ENOMEM. */
FILCH_API int filch_context_create(filch_context **out, filch_context *parent);
/* The same with a deadline, at which it is cancelled with -ETIMEDOUT: at once, if it is past. A
 * later one than the parent's changes nothing. -EINVAL negative; -ENOMEM, -EAGAIN no timer. */
FILCH_API int filch_context_create_until(filch_context **out, filch_context *parent, int64_t until);
/* The same, without a deadline, with a value under `key`, an address that nobody else uses. -EINVAL
 * key is NULL. */
FILCH_API int filch_context_create_value(filch_context **out, filch_context *parent,
                                         const void *key, void *value);
/* Returns context; NULL is allowed. */
FILCH_API filch_context *filch_context_retain(filch_context *context);
FILCH_API void filch_context_release(filch_context *context);

/* ---- Operations ---- */

/* Cancels it and all below it. cause: a negative errno; 0: -ECANCELED. -EALREADY it is done; -EINVAL
 * context is NULL, or cause no errno. Does not wait: not for another either, who is at this moment
 * cancelling something below it. */
FILCH_API int filch_context_cancel(filch_context *context, int cause);
/* Waits until it is done, and returns its cause; -ETIMEDOUT, too, if `until` comes first. -EINVAL
 * context is NULL, or a negative time; -ENOMEM, -EAGAIN no timer. */
FILCH_API int filch_context_wait(filch_context *context, int64_t until);
/* Sleeps for ns unless the context is done first: 0, or its cause. With NULL as filch_sleep. -ENOMEM,
 * -EAGAIN no timer. */
FILCH_API int filch_context_sleep(filch_context *context, int64_t ns);

/* ---- Queries ---- */

/* 0, or why it is done. NULL: 0. */
FILCH_API int filch_context_cause(const filch_context *context);
/* The earliest deadline of it and those above, or FILCH_FOREVER. */
FILCH_API int64_t filch_context_deadline(const filch_context *context);
/* The value under key of it or the nearest above that has one, or NULL. */
FILCH_API void *filch_context_value(const filch_context *context, const void *key);

FILCH_END_DECLS
#endif
