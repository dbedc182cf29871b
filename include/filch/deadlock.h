/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The detector of deadlocks: says so when nothing can ever run again. For engineers, teachers and
 * students.
 *
 *   filch: all fibers are asleep - deadlock: 2 tasks wait, and nobody is left to wake them
 *   filch:   task philosopher, spawned at dining.c:42, waits in filch_mutex_lock for 0x7ffd0a10
 *   filch:   task philosopher, spawned at dining.c:43, waits in filch_mutex_lock for 0x7ffd0a00
 *
 * When: all workers of all runtimes sleep and have found nothing to do; some task or thread waits; no
 * timer is pending; no task waits for a file or is in a blocking call; and each thread that has ever called
 * Filch has ended or waits in it without a deadline (filch_runtime_destroy and FILCH_RUN are waits,
 * too). It has to be so, unchanged, for a tenth of a second. In doubt nothing is said. So a task that
 * waits for ever in a program that goes on is not found: it is the whole that is stuck.
 *
 * What is done: FILCH_DEADLOCK in the environment, read when a runtime is created:
 *   die      the report goes to the callback or, without one, to stderr; then the process aborts.
 *            The default where the library is built with FILCH_DEBUG
 *   report   the same without an end
 *   off      nothing
 * Otherwise: a report to the callback, if there is one. Where the process has threads that have
 * never called Filch, one of them may be about to: the report says so, and nobody dies; if no task
 * waits but only threads, there is no report. */
#ifndef FILCH_DEADLOCK_H
#define FILCH_DEADLOCK_H

#include <filch/base.h>

/* report: lines of text, valid during the call. On the thread that keeps the timers: it must not
 * wait. */
typedef void filch_deadlock_fn(const char *report, void *arg);

FILCH_BEGIN_DECLS

/* From now on reports go to fn(report, arg); NULL: no longer. Any thread. */
FILCH_API void filch_on_deadlock(filch_deadlock_fn *fn, void *arg);

FILCH_END_DECLS
#endif
