/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Scopes: tasks that end before the block that started them does. For engineers and service
 * authors. M. Sústrik, Structured Concurrency, 2016; N. J. Smith, Notes on structured
 * concurrency, 2018.
 *
 *   static int fetch(filch_self self, filch_scope *scope, void *arg) { ... }
 *
 *   filch_scope scope;
 *   int rc = filch_scope_begin(&scope, NULL, NULL);
 *   if (rc)
 *       return rc;
 *   for (int i = 0; i < n; i++)
 *       FILCH_SPAWN(&scope, fetch, &page[i]);
 *   rc = filch_scope_end(&scope);            waits for all; 0, or the first failure's code
 *   if (rc)
 *       fprintf(stderr, "%s\n", filch_scope_failure(&scope)->message);
 *
 * A child fails if it returns a value other than 0, or panics. The first failure cancels the
 * scope's context, and with it the other children and the work that they started below that
 * context. In a scope that collects, no child is cancelled, and all failures are kept.
 * Life: a scope is begun and ended in one function, or at least by one task or thread, its owner.
 * In between, it spawns and waits in any order. It must not be copied. A child's data may be on
 * the owner's stack: if the owner panics, the scope is cancelled and waited for before its stack
 * frames are left.
 * Threads: the owner is a task or any other thread. Children, their forks, and the owner may all
 * spawn; other callers only while some child is certain not to have ended. Suspends:
 * filch_scope_end, and the waits.
 * Errors: 0 or a negative errno.
 * Since 0.1.0. */
#ifndef FILCH_SCOPE_H
#define FILCH_SCOPE_H
#include <filch/detail/hide_words.h>

#include <filch/base.h>
#include <filch/context.h>
#include <filch/panic.h>
#include <filch/runtime.h>

typedef enum filch_scope_mode {
    FILCH_SCOPE_FIRST,  /* the first failure is kept and cancels the others */
    FILCH_SCOPE_COLLECT /* all failures are kept; no child is cancelled */
} filch_scope_mode;

/* The most failures that a collecting scope keeps; further ones are only counted. */
#define FILCH_SCOPE_KEPT 100

/* Opaque. Fields that each spawn reads are apart from those that each child writes at its end. */
typedef struct filch_scope {
    filch_runtime *runtime;
    filch_context *context;
    filch_scope_mode mode;
    filch_defer defer;
    filch_failure first;
    size_t failures;
    void *kept, *last;
    filch_u32 lock;
    filch_u32 children; /* not yet ended */
    filch_waiters waiters;
} filch_scope;

/* A child. `self` is for forks. Returns 0, or a negative errno for failure (any other number
 * counts as -EINVAL). The text that filch_error() has for that errno becomes its message. */
typedef int filch_child_fn(filch_self self, filch_scope *scope, void *arg);

/* A child to spawn, and its place in the source; must live as long as the child. */
typedef struct filch_child {
    filch_task task; /* its name */
    filch_child_fn *fn;
    const char *file;
    int line;
} filch_child;

/* Starts fn(self, scope, arg) as a child: filch_scope_spawn with the name and the place. fn is the
 * name of a function; for one in a variable, call filch_scope_spawn with your own filch_child. */
#define FILCH_SPAWN(scope, fn, arg)                                                                \
    (__extension__({                                                                               \
        static FILCH_CONSTANT filch_child fl_child_ = {{NULL, #fn}, fn, __FILE__, __LINE__};       \
        filch_scope_spawn(scope, &fl_child_, arg);                                                 \
    }))

/* A loop over the failures of a scope that are kept, in the order in which they happened: `name`
 * is a const filch_failure *. After a wait, and before the end. */
#define FILCH_EACH_FAILURE(name, scope)                                                            \
    for (const filch_failure *name = NULL; (name = filch_scope_next_failure(scope, name));)

FILCH_BEGIN_DECLS

/* ---- Life ---- */

/* Begins a scope whose children run on rt (NULL: the calling task's runtime). Its context is a
 * child of `parent`, which may be NULL. Does not suspend. Errors: -EINVAL (scope is NULL, or rt
 * is NULL outside a task); -EBUSY (the calling task or thread has begun it and not ended it);
 * -ENOMEM; -ECHILD (rt belongs to the parent process). */
FILCH_API int filch_scope_begin(filch_scope *scope, filch_runtime *rt, filch_context *parent);
/* The same in another mode: FILCH_SCOPE_FIRST, which filch_scope_begin has, or FILCH_SCOPE_COLLECT.
 * Further error: -EINVAL (no such mode). */
FILCH_API int filch_scope_begin_as(filch_scope *scope, filch_runtime *rt, filch_context *parent,
                                   filch_scope_mode mode);

/* Ends the scope: waits until all children have ended and releases the scope's memory. Returns as
 * filch_scope_wait; the first failure can still be read. A second call does nothing, and returns
 * the same. Suspends, or blocks. Errors: -EDEADLK (called by a child of this scope, which does not
 * end); -EINVAL (scope is NULL). */
FILCH_API int filch_scope_end(filch_scope *scope);

/* ---- Operations ---- */

/* Starts a child. It runs even if the scope is cancelled before it starts, since it may own
 * *arg. Never waits. Errors, after which no child is started: -ECANCELED (the scope's context is
 * done, by a failure or through its parent); -EPIPE (ended, or never begun); -EINVAL (NULL, or no
 * function); -ENOMEM; -ECHILD. */
FILCH_API int filch_scope_spawn(filch_scope *scope, const filch_child *child, void *arg);

/* Reports a failure with code and a message of `format` and its arguments, as printf, at once,
 * before its child ends; the child's own result then does not count as another failure. Returns
 * code, so that a child may end with `return filch_scope_fail(...)`; a code that is not a negative
 * errno counts as -EINVAL. Called by a child, by its forks, or by the owner; only a call by the
 * child itself names the failed child. filch_error() then has the message. Does not suspend. Error:
 * -EINVAL (scope is NULL). */
FILCH_API FILCH_PRINTF(3, 4) int filch_scope_fail(filch_scope *scope, int code, const char *format,
                                                  ...);

/* Waits until all children have ended, or `until`. Returns 0, or the code of the first failure;
 * filch_error() then gives its text with the child's name and place. Suspends, or blocks. Errors:
 * -EDEADLK (called by a child of this scope); -EINVAL (scope is NULL, or `until` is negative);
 * -ETIMEDOUT (the children continue; to stop them, cancel the scope's context); -ENOMEM or -EAGAIN
 * (no timer). */
FILCH_API int filch_scope_wait(filch_scope *scope, int64_t until);

/* ---- Queries ---- */

/* Returns the context that a failure cancels; children may check it, and any caller may cancel
 * it. Valid until the scope is ended; retain it to keep it longer. */
FILCH_API filch_context *filch_scope_context(const filch_scope *scope);
/* Returns the number of children that have not ended. */
FILCH_API unsigned filch_scope_children(const filch_scope *scope);
/* Returns the first failure, or NULL. Call it after a wait or after the end. */
FILCH_API const filch_failure *filch_scope_failure(const filch_scope *scope);
/* Returns the failure after `previous` (NULL: the first); NULL if no further one is kept. Call
 * it after a wait and before the end. */
FILCH_API const filch_failure *filch_scope_next_failure(const filch_scope *scope,
                                                        const filch_failure *previous);
/* Returns the number of failures, kept or not. Call it after a wait or after the end. */
FILCH_API size_t filch_scope_failures(const filch_scope *scope);

FILCH_END_DECLS
#include <filch/detail/show_words.h>
#endif
