/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Deadlock detection: reports when nothing can ever run again. For engineers, teachers and
 * students.
 *
 *   filch: all fibers are asleep - deadlock: 2 tasks wait, and nobody is left to wake them
 *   filch:   task philosopher, spawned at dining.c:42, waits in filch_mutex_lock for 0x7ffd0a10
 *   filch:   task philosopher, spawned at dining.c:43, waits in filch_mutex_lock for 0x7ffd0a00
 *
 * Condition: all workers of all runtimes sleep without work, some task or thread waits, and no
 * timer is pending. No task waits for a file or is in a blocking call. Each thread that has ever
 * called Filch has ended, or waits in it without a deadline (filch_runtime_destroy and FILCH_RUN
 * are waits, too). All this must hold unchanged for a tenth of a second. In doubt there is no
 * report. So a task that waits for ever in a program that otherwise runs is not found: only a
 * deadlock of the whole process is.
 *
 * Memory shortage: a report that begins with "filch: out of memory" says that tasks cannot begin
 * because there is no memory, address space or mapping for a fiber. It also appears while timers
 * are pending or threads run, and is repeated after ten seconds at the earliest. Waiting tasks
 * may still be woken and end, so this report never ends the process.
 *
 * Standstill: a line that begins with "filch: standstill" says that all fibers of a runtime wait,
 * and that max_fibers allows no other. Tasks wait to begin, and none has run for a second. It also
 * appears while timers are pending or threads run, and again when the standstill has lasted twice as
 * long. It goes to the callback or to the log sink, and never ends the process.
 *
 * Reaction: FILCH_DEADLOCK in the environment, read when a runtime is created:
 *   die      the report goes to the callback or, without one, to stderr; then the process aborts.
 *            The default if the library is built with FILCH_DEBUG
 *   report   the same without aborting
 *   warn     the report goes to the callback or, without one, one line goes to the newest log sink
 *            (<filch/log_sink.h>), or to stderr. The default of other builds
 *   off      nothing
 * If the process has threads that have never called Filch, one of them may be about to. Then the
 * report says so, the process does not abort, and there is no warning. There is also no report if
 * only threads wait and no task does.
 * Threads: any. Suspends: never. Errors: none.
 * Since 0.1.0. */
#ifndef FILCH_DEADLOCK_H
#define FILCH_DEADLOCK_H
#include <filch/detail/hide_words.h>

#include <filch/base.h>

/* Receives lines of text, valid during the call. Runs on the timer thread: it must not wait. */
typedef void filch_deadlock_fn(const char *report, void *arg);

FILCH_BEGIN_DECLS

/* Sends later reports to fn(report, arg); NULL: no longer. Any thread; does not suspend. A
 * program has one callback: the latest call counts. */
FILCH_API void filch_on_deadlock(filch_deadlock_fn *fn, void *arg);

FILCH_END_DECLS
#include <filch/detail/show_words.h>
#endif
