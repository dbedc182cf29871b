/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Statistics of a run: each worker's work, its steals by victim, its unsuccessful attempts by
 * reason, and its time spent working, searching and sleeping. For engineers whose program does
 * not scale, for researchers who compare strategies, and for teachers (docs/observe.md).
 *
 *   filch_runtime_stats all, one;
 *   filch_runtime_stats_read(rt, FILCH_ALL_WORKERS, &all, sizeof all);
 *   filch_runtime_stats_read(rt, 3, &one, sizeof one);
 *   printf("busy %.0f %%\n", 100.0 * one.work_ns / (one.work_ns + one.search_ns + one.sleep_ns));
 *
 * Each worker counts by itself, without a locked instruction. Reading stops no worker and may be
 * done at any time, any number of times. The inline fork and join count nothing: see
 * filch_runtime_stats.forks.
 *
 * When no task runs (and when filch_run has returned, for its task's forks), exactly:
 *   tasks_taken == joins_taken
 *   jobs_started == jobs_run
 *   asks == gifts + missed_refused + robs + missed_gone  with queue chase-lev... or private-request
 *   gift_tasks + robs + deque_steals == the sum of all thefts      except with wait help-own, and
 *                                                  where joins of a thread that calls filch_run help
 *   forks == joins_kept + joins_taken + joins_dropped        where all_forks is 1
 * Threads: any, tasks included. No call waits.
 * Errors: 0 or a negative errno.
 * Since 0.1.0. */
#ifndef FILCH_STATS_H
#define FILCH_STATS_H
#include <filch/detail/hide_words.h>

#include <filch/base.h>
#include <filch/metrics.h>
#include <filch/runtime.h>

/* ---- Types ---- */

/* One number of filch_runtime_stats, for programs that show all of them. */
typedef struct filch_runtime_stat {
    const char *name; /* of the field */
    const char *unit; /* "tasks", "times", "ns" ... */
    const char *help; /* a sentence */
    size_t offset;    /* in filch_runtime_stats; a uint64_t */
    int now;          /* 1: a value of the runtime that may fall; else a count of each worker */
} filch_runtime_stat;

FILCH_BEGIN_DECLS

/* ---- Operations ---- */

/* Work and span of all tasks that have ended, of a runtime that measures them: FILCH_SPAN=1 in the environment when it
 * is created (docs/observe.md). work / span is the parallelism; more workers have nothing to do. */
typedef struct filch_work_span {
    uint64_t work_ns;     /* the time of all tasks */
    uint64_t span_ns;     /* the longest chain of parts that have to come after one another */
    uint64_t burdened_ns; /* the same if each joined task had been taken by another worker */
    uint64_t tasks;       /* forked tasks */
    uint64_t taken;       /* those of them that did not run in their joins */
    uint64_t jobs;        /* started tasks, and calls from outside */
    uint64_t waits;       /* that are not in the span: other tasks ended them */
    uint64_t lost;        /* parts that are missing for want of memory */
} filch_work_span;

/* Fills the first `size` bytes of *out. rt NULL: the calling task's runtime. Errors: -EINVAL (it does not measure; out is
 * NULL; rt is NULL outside a task); -ECHILD. */
FILCH_API int filch_work_span_read(filch_runtime *rt, filch_work_span *out, size_t size);

/* Reads the steals of a worker by victim: taken[victim] is the number of tasks and items it took
 * from that worker, for the first `count` victims; entries from filch_runtime_max_workers up are
 * 0. Errors as filch_runtime_stats_read. */
FILCH_API int filch_runtime_steals_read(filch_runtime *rt, unsigned thief, uint64_t *taken,
                                        unsigned count);

/* Writes all statistics as one line of JSON: the sums, and each worker that was ever started,
 * with its steals by victim (docs/observe.md shows one). A nonzero return of write ends the
 * text and is returned; other errors as filch_runtime_stats_read. May wait where write does. */
FILCH_API int filch_runtime_stats_write_json(filch_runtime *rt, filch_write_fn *write, void *arg);

/* ---- Queries ---- */

/* Returns the description of the i-th number of filch_runtime_stats; NULL after the last. */
FILCH_API const filch_runtime_stat *filch_runtime_stats_row(unsigned i);

FILCH_END_DECLS

/* The waiting tasks of a runtime, listed while its workers run. For engineers whose program hangs in a
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
 * Threads: any. Suspends: only in `fn`. Errors: below. */

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

/* Deadlock detection: reports when nothing can ever run again. For engineers, teachers and
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
 *            (<filch/log.h>), or to stderr. The default of other builds
 *   off      nothing
 * If the process has threads that have never called Filch, one of them may be about to. Then the
 * report says so, the process does not abort, and there is no warning. There is also no report if
 * only threads wait and no task does.
 * Threads: any. Suspends: never. Errors: none. */

/* Receives lines of text, valid during the call. Runs on the timer thread: it must not wait. */
typedef void filch_deadlock_fn(const char *report, void *arg);

FILCH_BEGIN_DECLS

/* Sends later reports to fn(report, arg); NULL: no longer. Any thread; does not suspend. A
 * program has one callback: the latest call counts. */
FILCH_API void filch_on_deadlock(filch_deadlock_fn *fn, void *arg);

FILCH_END_DECLS

#include <filch/detail/show_words.h>
#endif
