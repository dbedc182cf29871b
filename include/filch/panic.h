/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Panic and defer: how a task ends that cannot go on, and how it leaves nothing behind. For
 * engineers and service authors.
 *
 *   FILCH_TASK(int, handle, (int, request))
 *   {
 *       char *text = malloc(4096);
 *       FILCH_DEFER(free, text);                  runs when the block is left, whichever way
 *       if (!parse(text, request))
 *           FILCH_PANIC(-EBADMSG, "request %d has no header", request);
 *       ...
 *   }
 *
 * A panic ends the task from which it comes, with all calls below it, from the newest to the
 * oldest: what it has forked and nobody has begun is dropped, what others have begun is waited for,
 * and what was deferred runs, in the reverse order. The worker lives on. Who waits for the task
 * gets its failure (<filch/failure.h>): a join panics in its turn, in the task that joins; filch_run
 * returns the code; a future, a scope fails. filch_try catches it. A detached task for which nobody
 * waits calls the handler (filch_set_panic_handler), without which the process ends.
 *
 * What C cannot give back: whatever a frame holds that was not deferred (memory, locked mutexes,
 * open files) stays held; arguments of a dropped task go nowhere. C++ destructors of the frames that
 * are left do not run: docs/panic.md says what to do.
 *
 * Threads: tasks. Elsewhere a panic ends the process by filch_die. Suspends: where it waits for
 * stolen tasks. */
#ifndef FILCH_PANIC_H
#define FILCH_PANIC_H

#include <filch/failure.h>
#include <filch/task.h>

/* ---- Panic ---- */

/* Ends the task. code: a negative errno; anything else counts as -ENOTRECOVERABLE. The format and
 * its arguments say what is wrong. Does not return. */
#define FILCH_PANIC(code, ...) filch_panic(__FILE__, __LINE__, code, __VA_ARGS__)

/* Called with what a task for which nobody waits has panicked with. In that task: it may wait. */
typedef void filch_panic_handler(const filch_failure *failure);

/* ---- Defer: in a function that has `self`, at any place where a declaration may stand ---- */

typedef void filch_defer_fn(void *arg);

/* A cleanup that is pending. Its members are the library's. */
typedef struct filch_defer {
    struct filch_defer *next;
    filch_self self;
    filch_defer_fn *fn;
    void *arg;
} filch_defer;

/* fn(arg) when the enclosing block is left: at its end, by return, break, continue or goto (in C++
 * by an exception, too), or by a panic. The argument is evaluated now. */
#define FILCH_DEFER(fn, arg) FL_DEFER_COUNTED(__COUNTER__, fn, arg)
/* The same with a name, by which filch_undefer(&name) takes it back. */
#define FILCH_DEFER_AS(name, fn, arg)                                                              \
    filch_defer name __attribute__((cleanup(filch_defer_end))) = {NULL, NULL, NULL, NULL};         \
    filch_defer_begin(self, &name, fn, arg)
#define FL_DEFER_COUNTED(count, fn, arg) FILCH_DEFER_AS(FL_CAT(fl_defer_, count), fn, arg)

FILCH_BEGIN_DECLS

/* What is behind FILCH_PANIC: file and line are where it is said; file is not copied. */
FILCH_API FILCH_NORETURN FILCH_COLD FILCH_PRINTF(4, 5) void filch_panic(const char *file, int line,
                                                                        int code,
                                                                        const char *format, ...);
/* Panics with a failure that was caught before. */
FILCH_API FILCH_NORETURN FILCH_COLD void filch_panic_again(const filch_failure *failure);

/* Calls fn(self, arg), and is where panics in it end. 0: it returned; else the failure's code, and
 * *out, unless out is NULL, is the failure. What fn forked is joined or dropped either way. Task
 * only. */
FILCH_API int filch_try(filch_self self, filch_go_fn *fn, void *arg, filch_failure *out);

/* For the whole process; NULL: as in the beginning, the process ends with a line that says what
 * happened. Returns the handler that was there. Any thread. */
FILCH_API filch_panic_handler *filch_set_panic_handler(filch_panic_handler *handler);

/* What is behind FILCH_DEFER: the record lies in the block's frame. filch_defer_end, in the reverse
 * order of filch_defer_begin, takes it out and calls fn(arg). Same task. */
FILCH_API void filch_defer_begin(filch_self self, filch_defer *record, filch_defer_fn *fn,
                                 void *arg);
FILCH_API void filch_defer_end(filch_defer *record);

/* fn will not be called. */
static inline void filch_undefer(filch_defer *record)
{
    record->fn = NULL;
}

FILCH_END_DECLS
#endif
