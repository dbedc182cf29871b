/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Scopes: tasks that end before the block that started them does. For engineers and service
 * authors. M. Sústrik, Structured Concurrency, 2016; N. J. Smith, Notes on structured concurrency,
 * 2018.
 *
 *   static int fetch(filch_self self, filch_scope *scope, void *arg) { ... }
 *
 *   filch_scope scope;
 *   int rc = filch_scope_open(&scope, NULL, NULL);
 *   if (rc)
 *       return rc;
 *   for (int i = 0; i < n; i++)
 *       FILCH_SPAWN(&scope, fetch, &page[i]);
 *   rc = filch_scope_close(&scope);            waits for all; 0, or what the first failure was
 *   if (rc)
 *       fprintf(stderr, "%s\n", filch_scope_failure(&scope)->message);
 *
 * A child that returns anything but 0, or panics, has failed. The first failure cancels the scope's
 * context: so its siblings, and what they have started below that context, learn that nobody needs
 * them any more. In a scope that collects, nobody is cancelled, and all failures are kept.
 * Life: opened and closed in one function, or at least by one task or thread; in between, spawns and
 * waits in any order. It may not be copied. Everything that a child gets may lie on the opener's
 * stack: if the opener panics, the scope is cancelled and waited for before anything goes.
 * Threads: opened by a task or by any other thread. Children, whatever they have forked, and the
 * opener may all spawn; everybody else only while some child is sure not to have ended. */
#ifndef FILCH_SCOPE_H
#define FILCH_SCOPE_H

#include <filch/context.h>
#include <filch/failure.h>
#include <filch/panic.h>
#include <filch/runtime.h>

typedef enum filch_scope_mode {
    FILCH_SCOPE_FIRST,  /* the first failure is kept, and cancels the others */
    FILCH_SCOPE_COLLECT /* all failures are kept, and cancel nobody */
} filch_scope_mode;

/* How many failures a scope that collects keeps; of further ones it knows the number. */
#define FILCH_SCOPE_KEPT 100

/* The members are the library's. */
typedef struct filch_scope {
    filch_runtime *runtime;
    filch_context *context;
    filch_scope_mode mode;
    filch_u32 lock;
    filch_u32 children; /* not ended */
    filch_waiters waiters;
    size_t failures;
    void *kept, *last;
    filch_defer defer;
    filch_failure first;
} filch_scope;

/* A child. `self` is for forks. Returns 0, or a negative errno: it has failed (any other number
 * counts as -EINVAL). What filch_error() says of that errno then becomes its message. */
typedef int filch_child_fn(filch_self self, filch_scope *scope, void *arg);

/* What is to be spawned, and where that is written; it lives as long as the child. */
typedef struct filch_child {
    filch_task task; /* its name */
    filch_child_fn *fn;
    const char *file;
    int line;
} filch_child;

/* Starts fn(self, scope, arg) as a child: filch_scope_spawn with the name and the place. fn is the
 * name of a function; for one in a variable, call filch_scope_spawn with a filch_child of your own. */
#define FILCH_SPAWN(scope, fn, arg)                                                                \
    (__extension__({                                                                               \
        static FILCH_CONSTANT filch_child fl_child_ = {{NULL, #fn}, fn, __FILE__, __LINE__};       \
        filch_scope_spawn(scope, &fl_child_, arg);                                                 \
    }))

/* for (each failure that is kept, in the order in which they happened) */
#define FILCH_EACH_FAILURE(name, scope)                                                            \
    for (const filch_failure *name = NULL; (name = filch_scope_next_failure(scope, name));)

FILCH_BEGIN_DECLS

/* ---- Life ---- */

/* A scope whose children run on rt, or with NULL on the calling task's runtime. Its context is a
 * child of `parent`, which may be NULL. Does not suspend. -EINVAL scope is NULL, or rt is and this is
 * no task; -ENOMEM; -ECHILD rt is of the parent process. */
FILCH_API int filch_scope_open(filch_scope *scope, filch_runtime *rt, filch_context *parent);
/* The same in another mode. -EINVAL no such mode. */
FILCH_API int filch_scope_open_as(filch_scope *scope, filch_runtime *rt, filch_context *parent,
                                  filch_scope_mode mode);

/* Waits until all children have ended and gives back what the scope holds. Returns what
 * filch_scope_wait does. Its first failure can still be read. -EDEADLK a child of this scope calls:
 * nothing is closed; -EINVAL scope is NULL. A second close does nothing, and returns the same.
 * Suspends, or blocks. */
FILCH_API int filch_scope_close(filch_scope *scope);

/* ---- Operations ---- */

/* Starts a child. It runs even if the scope is cancelled before it starts: it may own what arg
 * points to. Never waits. -ECANCELED the scope's context is done, by a failure or from above: no
 * child is started; -EPIPE it is closed, or was never opened; -EINVAL a NULL, or no function;
 * -ENOMEM; -ECHILD. */
FILCH_API int filch_scope_spawn(filch_scope *scope, const filch_child *child, void *arg);

/* Says what went wrong: a failure at once, which need not wait for the end of its child. Then the
 * child's own result is no further failure. Returns code, so that a child may end with
 * `return filch_scope_fail(...)`; what is no negative errno counts as -EINVAL. Called by a child, by
 * what it has forked, or by the opener; only for the first of them the child is known to be the one
 * that failed. */
FILCH_API FILCH_PRINTF(3, 4) int filch_scope_fail(filch_scope *scope, int code, const char *format,
                                                  ...);

/* Waits until no child is left: 0, or the code of the first failure, which filch_error() then tells
 * with its child's name and place. -EDEADLK a child of this scope calls; -EINVAL scope is NULL. Suspends,
 * or blocks. */
FILCH_API int filch_scope_wait(filch_scope *scope);
/* The same until then: -ETIMEDOUT, and the children go on; to stop them, cancel the scope's context.
 * -EINVAL a negative time; -ENOMEM, -EAGAIN no timer. */
FILCH_API int filch_scope_wait_until(filch_scope *scope, int64_t until);

/* ---- Queries ---- */

/* The context that a failure cancels: for children to look at, and for everybody to cancel. Valid
 * until the scope is closed; who needs it longer retains it. */
FILCH_API filch_context *filch_scope_context(const filch_scope *scope);
/* How many children have not ended. */
FILCH_API unsigned filch_scope_children(const filch_scope *scope);
/* The first failure, or NULL. Read after a wait, or after the close. */
FILCH_API const filch_failure *filch_scope_failure(const filch_scope *scope);
/* The failure after `previous`, or with NULL the first one; NULL: no further one is kept. Read after
 * a wait, and before the close. */
FILCH_API const filch_failure *filch_scope_next_failure(const filch_scope *scope,
                                                        const filch_failure *previous);
/* How many there were; all of them, kept or not. Read after a wait, or after the close. */
FILCH_API size_t filch_scope_failures(const filch_scope *scope);

FILCH_END_DECLS
#endif
