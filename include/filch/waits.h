/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The waiting tasks of a runtime, listed while its workers run. For engineers whose program hangs in a
 * part, and for services that show their state (docs/debugging.md).
 *
 *   static void show(const filch_wait *wait, void *arg)
 *   {
 *       fprintf(arg, "%s waits in %s for %p\n", wait->task, wait->call, wait->object);
 *   }
 *
 *   filch_runtime_waits(rt, show, stderr);
 *
 * Each row was true while the list was made, which takes a moment for each waiting task. A task that is
 * resumed meanwhile goes on when the list is complete. Tasks that run, or are in filch_blocking_begin ..
 * filch_blocking_end, do not wait. Threads that are no workers are not listed.
 * Threads: any. Suspends: only in `fn`. Errors: below.
 * Since 0.1.0. */
#ifndef FILCH_WAITS_H
#define FILCH_WAITS_H
#include <filch/detail/hide_words.h>

#include <filch/runtime.h>

/* A waiting task. Texts are valid during the call. */
typedef struct filch_wait {
    const char *task; /* its name, cut after 63 bytes; "(unnamed)": it has none */
    const char *pool; /* whose job it is; NULL: it is no job */
    const char
        *file; /* where it was started, the last 127 bytes; NULL: unknown, as for forks and jobs */
    int line;  /* there */
    const char *call;   /* the call in which it waits */
    const void *object; /* for which it waits; NULL: none, or several */
    unsigned fiber;     /* its number in traces and gdb */
} filch_wait;

/* Receives one row. */
typedef void filch_wait_fn(const filch_wait *wait, void *arg);

FILCH_BEGIN_DECLS

/* Lists the waiting tasks of rt, or of the calling task's runtime if rt is NULL: calls fn(row, arg) for
 * each when the list is complete, on the calling thread; fn may do anything. Returns their number. Errors:
 * -EINVAL (fn is NULL; rt is NULL outside a task), -ENOMEM, -ECHILD. */
FILCH_API int filch_runtime_waits(filch_runtime *rt, filch_wait_fn *fn, void *arg);

FILCH_END_DECLS
#include <filch/detail/show_words.h>
#endif
