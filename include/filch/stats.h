/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Statistics of a run: what each worker did, from whom it stole, why it found nothing, and how long it
 * worked, searched and slept. For engineers who ask why their program does not scale, for researchers
 * who compare strategies, and for teachers (docs/statistics.md).
 *
 *   filch_stats all, one;
 *   filch_stats_read(rt, FILCH_ALL_WORKERS, &all, sizeof all);
 *   filch_stats_read(rt, 3, &one, sizeof one);
 *   printf("busy %.0f %%\n", 100.0 * one.work_ns / (one.work_ns + one.search_ns + one.sleep_ns));
 *
 * Each worker counts by itself, without a locked instruction; reading stops nobody and may be done at
 * any time, as often as one likes. The inline fork and join count nothing: see filch_stats.forks.
 *
 * When no task runs (and when filch_run has returned, for what its task has forked), exactly:
 *   tasks_taken == joins_taken
 *   jobs_started == jobs_run
 *   asks == gifts + missed_refused + robs + missed_gone      with queue chase-lev... or private-request
 *   gift_tasks + robs + deque_steals == the sum of all thefts      except with wait help-own
 *   forks == joins_kept + joins_taken + joins_dropped        where all_forks is 1
 * Threads: any, tasks as well. Nothing here waits.
 * Errors: 0 or a negative errno. */
#ifndef FILCH_STATS_H
#define FILCH_STATS_H

#include <filch/metrics.h>

/* ---- Types ---- */

enum { FILCH_ALL_WORKERS = -1 };

/* One number of filch_stats, for programs that show all of them. */
typedef struct filch_stat {
    const char *name; /* of the field */
    const char *unit; /* "tasks", "times", "ns" ... */
    const char *help; /* a sentence */
    size_t offset;    /* in filch_stats; a uint64_t */
    int now;          /* 1: it is of the runtime and may fall; else it is counted, by each worker */
} filch_stat;

FILCH_BEGIN_DECLS

/* ---- Operations ---- */

/* Fills *out, as far as `size` bytes go, with what one worker, 0 .. filch_runtime_worker_slots - 1, or
 * FILCH_ALL_WORKERS have counted; size is sizeof(filch_stats). What is of the runtime is 0 where one
 * worker is asked for. rt NULL: the runtime whose task calls. -EINVAL no such worker, out is NULL, or
 * rt is NULL and no task calls; -ECHILD. */
FILCH_API int filch_stats_read(filch_runtime *rt, int worker, filch_stats *out, size_t size);

/* From whom a worker has stolen: taken[victim] is how many tasks and items it took from that worker,
 * for the first `count` victims; those beyond the last worker slot are 0. Errors as filch_stats_read. */
FILCH_API int filch_stats_thefts(filch_runtime *rt, unsigned thief, uint64_t *taken,
                                 unsigned count);

/* Writes all of it as one line of JSON: the sums, and each worker that has ever been started, with
 * those it stole from (docs/statistics.md shows one). What write returned if not 0: then the text ends
 * there; else errors as filch_stats_read. May wait where write does. */
FILCH_API int filch_stats_write_json(filch_runtime *rt, filch_write_fn *write, void *arg);

/* ---- Queries ---- */

/* The numbers of filch_stats, one after the other; NULL behind the last. */
FILCH_API const filch_stat *filch_stats_row(unsigned i);

FILCH_END_DECLS
#endif
