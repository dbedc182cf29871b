/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Contexts: cancellation and deadlines for a piece of work and all work that it starts. For
 * engineers and service authors. They form a tree: cancelling a context cancels all below it. A
 * context is done when it or an ancestor is cancelled, or the deadline of one has passed; it then
 * has a permanent cause.
 *
 *   filch_context *request;
 *   filch_context_create_until(&request, parent, filch_in(50 * FILCH_MILLISECOND));
 *   ...  filch_context_cause(request)                 0: go on; -ETIMEDOUT, -ECANCELED, ...: stop
 *   ...  FILCH_DONE(request) in a select
 *   filch_context_release(request);
 *
 * No task is stopped by force: a task checks filch_context_cause, or waits. Waits of jobs and of
 * scopes' children end with -ECANCELED when their context is done (<filch/wait.h>).
 * Life: reference-counted. Creation gives the first reference, each filch_context_retain
 * another; the last filch_context_release frees it. A child holds its parent. Releasing does not
 * cancel.
 * Threads: any task or thread may call every function. Suspends: filch_context_wait and
 * filch_context_sleep. Errors: 0 or a negative errno.
 * Since 0.1.0. */
#ifndef FILCH_CONTEXT_H
#define FILCH_CONTEXT_H
#include <filch/detail/hide_words.h>

#include <filch/wait.h>

typedef struct filch_context filch_context;

FILCH_BEGIN_DECLS

/* ---- Life ---- */

/* Creates a child of parent (NULL: a root); done from the start if parent is. Error: -ENOMEM. */
FILCH_API int filch_context_create(filch_context **out, filch_context *parent);
/* The same with the deadline `until`, at which it is cancelled with -ETIMEDOUT: at once, if that
 * has passed. A deadline later than the parent's has no effect. Errors: -EINVAL (negative); -ENOMEM
 * or -EAGAIN (no timer). */
FILCH_API int filch_context_create_until(filch_context **out, filch_context *parent, int64_t until);
/* The same, without a deadline, with a value under `key`, a unique address. Error: -EINVAL (key
 * is NULL). */
FILCH_API int filch_context_create_value(filch_context **out, filch_context *parent,
                                         const void *key, void *value);
/* Adds a reference and returns context. NULL is allowed. */
FILCH_API filch_context *filch_context_retain(filch_context *context);
/* Drops a reference. NULL is allowed. */
FILCH_API void filch_context_release(filch_context *context);

/* ---- Operations ---- */

/* Cancels it and all below it. cause: a negative errno; 0 stands for -ECANCELED. Does not wait, not
 * even for a concurrent cancellation of a descendant. Errors: -EALREADY (it is done); -EINVAL
 * (context is NULL, or cause is not an errno). */
FILCH_API int filch_context_cancel(filch_context *context, int cause);
/* Waits until it is done, and returns its cause; or -ETIMEDOUT if `until` comes first. Errors:
 * -EINVAL (context is NULL, or a negative time); -ENOMEM or -EAGAIN (no timer). */
FILCH_API int filch_context_wait(filch_context *context, int64_t until);
/* Sleeps for ns nanoseconds unless the context is done first. Returns 0, or its cause. NULL:
 * only sleeps. If ns is 0 or less, returns at once. Errors: -ENOMEM or -EAGAIN (no timer). */
FILCH_API int filch_context_sleep(filch_context *context, int64_t ns);

/* Returns the context that ends the wait beginning now; NULL: none. Called in the waiting task; it
 * must not wait itself. */
typedef filch_context *filch_context_fn(void *arg);
/* Calls fn(arg). Waits of the calling task in fn end when the context that context(arg) returns is
 * done, and not when that of its job or scope is: for a task that serves requests of others. That
 * context must exist until fn returns. With a NULL `context`, no context ends them. Waits that are
 * given their own context still end with it. Calls may be nested: the innermost counts. A panic
 * that leaves fn ends the call. Outside a task it only calls fn(arg). Error, after which fn was not
 * called: -EINVAL (fn is NULL). Suspends if fn does. */
FILCH_API int filch_with_context(filch_context_fn *context, void (*fn)(void *arg), void *arg);
/* The same without a context: for clean-up that must wait, such as a last message on a channel. */
FILCH_API int filch_shielded(void (*fn)(void *arg), void *arg);

/* ---- Queries ---- */

/* Returns the cause if the context is done, else 0. NULL: 0. */
FILCH_API int filch_context_cause(const filch_context *context);
/* Returns the earliest deadline of it and its ancestors, or FILCH_FOREVER. */
FILCH_API int64_t filch_context_deadline(const filch_context *context);
/* Returns the value under key of it or of the nearest ancestor that has one, or NULL. */
FILCH_API void *filch_context_value(const filch_context *context, const void *key);

FILCH_END_DECLS
#include <filch/detail/show_words.h>
#endif
