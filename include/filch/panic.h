/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Panic and defer: end a task that cannot continue, and clean up after it. For engineers and
 * service authors.
 *
 *   FILCH_TASK(int, handle, (int, request))
 *   {
 *       char *text = malloc(4096);
 *       FILCH_DEFER(free, text);                  runs however the block is left
 *       if (!parse(text, request))
 *           FILCH_PANIC(-EBADMSG, "request %d has no header", request);
 *       ...
 *   }
 *
 * A panic ends its task with all calls below it, from the newest to the oldest. Forks that have
 * not begun are dropped, those begun elsewhere are waited for, and deferred cleanups run in
 * reverse order. Cleanups begin in the floating-point mode in which the ended task or filch_try
 * began. The worker continues. A waiter of the task gets its failure (<filch/base.h>): a join
 * panics in turn, in the joining task; filch_run returns the code; a future or a scope fails.
 * filch_try catches it. A detached task without a waiter calls the handler
 * (filch_set_panic_handler); without a handler the process ends.
 *
 * Resources that a frame holds without a defer are not released: memory stays allocated, mutexes
 * stay locked, and files stay open. Arguments of a dropped task are lost. C++ destructors of the
 * frames that are left do not run: docs/fork-join.md says what to do.
 *
 * Threads: tasks. Elsewhere a panic ends the process by filch_die. Suspends: a panic that waits for
 * stolen tasks.
 * Errors: filch_try returns the failure's negative errno; other calls return none.
 * Since 0.1.0. */
#ifndef FILCH_PANIC_H
#define FILCH_PANIC_H
#include <filch/detail/hide_words.h>

#include <filch/base.h>
#include <filch/task.h>

/* ---- Panic ---- */

/* Ends the task by a panic with a code and a message: FILCH_PANIC(code, format, ...). code: a
 * negative errno; anything else counts as -ENOTRECOVERABLE. Does not return. */
#define FILCH_PANIC(code, ...) filch_panic(__FILE__, __LINE__, code, __VA_ARGS__)

/* Receives the failure of a panicked task that has no waiter. Runs in that task: it may wait. */
typedef void filch_panic_handler(const filch_failure *failure);

/* ---- Defer: in a function that has `self`, at any place where a declaration may stand ---- */

/* A cleanup. It may wait, and panic. */
typedef void filch_defer_fn(void *arg);

/* A pending cleanup. Opaque. */
typedef struct filch_defer {
    struct filch_defer *next;
    filch_self self;
    filch_defer_fn *fn;
    void *arg;
} filch_defer;

/* Calls fn(arg) when the enclosing block is left: at its end, by return, break, continue or goto
 * (in C++ also by an exception), or by a panic. The argument is evaluated now. */
#define FILCH_DEFER(fn, arg) FL_DEFER_COUNTED(__COUNTER__, fn, arg)
/* The same with a name, for filch_undefer(&name). */
#define FILCH_DEFER_AS(name, fn, arg)                                                              \
    filch_defer name __attribute__((__cleanup__(filch_defer_end))) = {NULL, NULL, NULL, NULL};     \
    filch_defer_begin(self, &name, fn, arg)
#define FL_DEFER_COUNTED(count, fn, arg) FILCH_DEFER_AS(FL_CAT(fl_defer_, count), fn, arg)

FILCH_BEGIN_DECLS

/* Panics with code and a message of `format` and its arguments, as printf, for FILCH_PANIC: file
 * and line are those of the call; file is not copied. Does not return. */
FILCH_API FILCH_NORETURN FILCH_COLD FILCH_PRINTF(4, 5) void filch_panic(const char *file, int line,
                                                                        int code,
                                                                        const char *format, ...);
/* Panics with a failure that filch_try has caught. Does not return. */
FILCH_API FILCH_NORETURN FILCH_COLD void filch_panic_again(const filch_failure *failure);

/* Calls fn(self, arg) and catches its panics. Returns 0 if fn returned, else the failure's code;
 * *out, unless out is NULL, then receives the failure. The forks of fn are joined or dropped
 * either way, and the caller's floating-point mode is restored. Tasks only; suspends where fn
 * does. */
FILCH_API int filch_try(filch_self self, filch_go_fn *fn, void *arg, filch_failure *out);

/* Sets the handler of the whole process and returns the previous one. NULL restores the default:
 * the process ends with a line that describes the panic. Any thread. */
FILCH_API filch_panic_handler *filch_set_panic_handler(filch_panic_handler *handler);

/* Begins a FILCH_DEFER: filch_defer_end or a panic calls fn(arg). The record is in the block's
 * frame. Tasks only; does not suspend. */
FILCH_API void filch_defer_begin(filch_self self, filch_defer *record, filch_defer_fn *fn,
                                 void *arg);
/* Removes the record and calls fn(arg). Same task, in the reverse order of filch_defer_begin. */
FILCH_API void filch_defer_end(filch_defer *record);

/* Cancels the cleanup of the record: fn will not be called. The calling task's own; does not
 * suspend. */
static inline void filch_undefer(filch_defer *record)
{
    record->fn = NULL;
}

FILCH_END_DECLS
#include <filch/detail/show_words.h>
#endif
