/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The state of a runtime: statistics of its workers, its waiting tasks, and deadlock detection. The
 * statistics show each worker's work, its steals by victim, its unsuccessful attempts by reason,
 * and its time spent working, searching and sleeping. For engineers whose program does not scale or
 * hangs, for researchers who compare strategies, and for teachers (docs/observe.md,
 * docs/debugging.md).
 *
 *   filch_runtime_stats all, one;
 *   filch_runtime_stats_read(rt, FILCH_ALL_WORKERS, &all, sizeof all);
 *   filch_runtime_stats_read(rt, 3, &one, sizeof one);
 *   printf("busy %.0f %%\n", 100.0 * one.work_ns / (one.work_ns + one.search_ns + one.sleep_ns));
 *
 *   static void show(const filch_wait *wait, void *arg)
 *   {
 *       fprintf(arg, "%s waits in %s for %p\n", wait->task, wait->call, wait->object);
 *   }
 *   filch_runtime_waits(rt, show, stderr);
 *
 * Threads: any, including tasks. Suspends: only where a callback does.
 * Errors: 0 or a negative errno.
 * Since 0.1.0. */
#ifndef FILCH_STATS_H
#define FILCH_STATS_H
#include <filch/detail/hide_words.h>

#include <filch/base.h>
#include <filch/metrics.h>
#include <filch/runtime.h>

/* ---- Statistics ---- */

/* Each worker counts by itself, without a locked instruction. Reading does not stop any worker;
 * read at any time. The inline fork and join count nothing: see filch_runtime_stats.forks.
 *
 * When no task runs (and when filch_run has returned, for its task's forks), exactly:
 *   tasks_taken == joins_taken
 *   jobs_started == jobs_run
 *   asks == gifts + missed_refused + robs + missed_gone  with queue chase-lev... or private-request
 *   gift_tasks + robs + deque_steals == the sum of all steals by victim
 *                         except with wait help-own, and where joins of a thread that calls
 *                         filch_run help
 *   forks == joins_kept + joins_taken + joins_dropped        where all_forks is 1 */

/* One number of filch_runtime_stats, for programs that show all of them. */
typedef struct filch_runtime_stat {
    const char *name; /* of the field */
    const char *unit; /* "tasks", "times", "ns" ... */
    const char *help; /* a sentence */
    size_t offset;    /* in filch_runtime_stats; a uint64_t */
    int now;          /* 1: a current value of the runtime; else a count of each worker */
} filch_runtime_stat;

FILCH_BEGIN_DECLS

/* Work and span of all tasks that have ended, of a runtime that measures them: FILCH_SPAN=1 was in
 * the environment when it was created (docs/observe.md). work / span is the parallelism: that many
 * workers can be busy. */
typedef struct filch_work_span {
    uint64_t work_ns;     /* the time of all tasks */
    uint64_t span_ns;     /* the longest chain of parts that must run one after another */
    uint64_t burdened_ns; /* the same if each joined task had been taken by another worker */
    uint64_t tasks;       /* forked tasks */
    uint64_t taken;       /* those of them that did not run in their joins */
    uint64_t jobs;        /* started tasks, and calls from outside */
    uint64_t waits;       /* waits that other tasks ended; they are not in the span */
    uint64_t lost;        /* parts that are missing because memory was short */
} filch_work_span;

/* Fills the first `size` bytes of *out; size is the caller's sizeof *out. rt NULL: the calling
 * task's runtime. Errors: -EINVAL (the runtime does not measure, out is NULL, or rt is NULL outside
 * a task); -ECHILD. */
FILCH_API int filch_work_span_read(filch_runtime *rt, filch_work_span *out, size_t size);

/* Reads the steals of the worker `thief` by victim: taken[victim] is the number of tasks and items
 * it took from that worker, for the first `count` victims; entries from filch_runtime_max_workers
 * up are 0. Errors: as filch_runtime_stats_read. */
FILCH_API int filch_runtime_steals_read(filch_runtime *rt, unsigned thief, uint64_t *taken,
                                        unsigned count);

/* Writes all statistics as one line of JSON: the sums, and each worker that was ever started,
 * with its steals by victim (docs/observe.md shows one). A nonzero return of write ends the
 * text and is returned; other errors as filch_runtime_stats_read. May wait where write does. */
FILCH_API int filch_runtime_stats_write_json(filch_runtime *rt, filch_write_fn *write, void *arg);

/* Returns the description of the i-th number of filch_runtime_stats; NULL after the last. */
FILCH_API const filch_runtime_stat *filch_runtime_stats_row(unsigned i);

FILCH_END_DECLS

/* ---- Waiting tasks ---- */

/* The list of waiting tasks is made while the workers run. Each row was correct while it was made,
 * which takes a moment for each waiting task. A task that is resumed during that time continues
 * when the list is complete. Tasks that run, or are between filch_blocking_begin and
 * filch_blocking_end, do not wait. Threads that are not workers are not listed. */

/* One waiting task. Texts are valid during the call. */
typedef struct filch_wait {
    const char *task; /* its name, cut after 63 bytes; "(unnamed)": it has none */
    const char *pool; /* the pool whose job it is; NULL: it is not a job */
    const char
        *file; /* where it was started, the last 127 bytes; NULL: unknown, as for forks and jobs */
    int line;  /* of file */
    const char *call;   /* the call in which it waits */
    const void *object; /* the object for which it waits; NULL: none, or several */
    unsigned fiber;     /* its number in traces and gdb */
} filch_wait;

/* Receives one row. */
typedef void filch_wait_fn(const filch_wait *wait, void *arg);

FILCH_BEGIN_DECLS

/* Lists the waiting tasks of rt (NULL: the calling task's runtime). When the list is complete,
 * calls fn(row, arg) for each row, in the calling task or thread; fn may do anything. Returns the
 * number of rows. Errors: -EINVAL (fn is NULL, or rt is NULL outside a task); -ENOMEM; -ECHILD. */
FILCH_API int filch_runtime_waits(filch_runtime *rt, filch_wait_fn *fn, void *arg);

FILCH_END_DECLS

/* ---- Deadlock detection: reports that nothing can run ---- */

/* A report:
 *
 *   filch: all fibers are asleep - deadlock: 2 tasks wait, and nothing is left to wake them
 *   filch:   task philosopher, spawned at dining.c:42, waits in filch_mutex_lock for 0x7ffd0a10
 *   filch:   task philosopher, spawned at dining.c:43, waits in filch_mutex_lock for 0x7ffd0a00
 *
 * Condition: all workers of all runtimes sleep without work, some task or thread waits, and no
 * timer is pending. No task waits for a file or is in a blocking call. Each thread that has ever
 * called Filch has ended, or waits in it without a deadline (filch_runtime_destroy and FILCH_RUN
 * are waits, too). All this must hold unchanged for a tenth of a second. A doubtful case is
 * not reported: only a deadlock of the whole process is found, not a task that waits forever while
 * the rest of the program runs.
 *
 * Memory shortage: a report that begins with "filch: out of memory" says that tasks cannot begin
 * because there is no memory, address space or mapping for a fiber. It also appears while timers
 * are pending or threads run, and at most every ten seconds. Waiting tasks may still be woken and
 * end, so this report never ends the process.
 *
 * Standstill: a line that begins with "filch: standstill" says that all fibers of a runtime wait,
 * and that max_fibers allows no other. Tasks wait to begin, and none has run for a second. It also
 * appears while timers are pending or threads run, and again when the standstill has lasted twice
 * as long. It goes to the callback or to the log sink, and never ends the process.
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
 * only threads wait and no task does. */

/* Receives lines of text, valid during the call. Runs on the timer thread: it must not wait. */
typedef void filch_deadlock_fn(const char *report, void *arg);

FILCH_BEGIN_DECLS

/* Sends later reports to fn(report, arg); NULL: no callback. A program has one callback: the latest
 * call counts. Does not suspend. */
FILCH_API void filch_on_deadlock(filch_deadlock_fn *fn, void *arg);

FILCH_END_DECLS

#include <filch/detail/show_words.h>
#endif
