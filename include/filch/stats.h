/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Statistics of a run: each worker's work, its steals by victim, its unsuccessful attempts by
 * reason, and its time spent working, searching and sleeping. For engineers whose program does
 * not scale, for researchers who compare strategies, and for teachers (docs/observe.md).
 *
 *   filch_stats all, one;
 *   filch_stats_read(rt, FILCH_ALL_WORKERS, &all, sizeof all);
 *   filch_stats_read(rt, 3, &one, sizeof one);
 *   printf("busy %.0f %%\n", 100.0 * one.work_ns / (one.work_ns + one.search_ns + one.sleep_ns));
 *
 * Each worker counts by itself, without a locked instruction. Reading stops no worker and may be
 * done at any time, any number of times. The inline fork and join count nothing: see
 * filch_stats.forks.
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

#include <filch/metrics.h>

/* ---- Types ---- */

enum { FILCH_ALL_WORKERS = -1 };

/* One number of filch_stats, for programs that show all of them. */
typedef struct filch_stat {
    const char *name; /* of the field */
    const char *unit; /* "tasks", "times", "ns" ... */
    const char *help; /* a sentence */
    size_t offset;    /* in filch_stats; a uint64_t */
    int now;          /* 1: a value of the runtime that may fall; else a count of each worker */
} filch_stat;

FILCH_BEGIN_DECLS

/* ---- Operations ---- */

/* Fills the first `size` bytes of *out with the counts of one worker, 0 ..
 * filch_runtime_max_workers - 1, or of FILCH_ALL_WORKERS; size is the caller's
 * sizeof(filch_stats). Values of the runtime are 0 for a single worker. rt NULL: the calling
 * task's runtime. Errors: -EINVAL (no such worker, out is NULL, or rt is NULL outside a task);
 * -ECHILD. */
FILCH_API int filch_stats_read(filch_runtime *rt, int worker, filch_stats *out, size_t size);

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
 * 0. Errors as filch_stats_read. */
FILCH_API int filch_stats_thefts(filch_runtime *rt, unsigned thief, uint64_t *taken,
                                 unsigned count);

/* Writes all statistics as one line of JSON: the sums, and each worker that was ever started,
 * with its steals by victim (docs/observe.md shows one). A nonzero return of write ends the
 * text and is returned; other errors as filch_stats_read. May wait where write does. */
FILCH_API int filch_stats_write_json(filch_runtime *rt, filch_write_fn *write, void *arg);

/* ---- Queries ---- */

/* Returns the description of the i-th number of filch_stats; NULL after the last. */
FILCH_API const filch_stat *filch_stats_row(unsigned i);

FILCH_END_DECLS
#include <filch/detail/show_words.h>
#endif
