/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The workers' counters: one row for each, from which its index, its field of filch_runtime_stats, its
 * metric and its place in every table and file are made. To add one, add a row here, a field of
 * that name at the end of filch_runtime_stats, and fl_count where it happens; document it in
 * docs/observe.md.
 *
 * Each counter of each worker has one writer, its worker. Readers sum without an order: a counter
 * is a number of its own. A task's events are counted before its join or its waiter can know that
 * it has ended, so a thread that knows this reads at least those. */
#ifndef FL_COUNTERS_H
#define FL_COUNTERS_H

#include <filch/atomic.h>

/* ROW(index, field, unit, what is counted) */
#define FL_COUNTER_TABLE(ROW)                                                                      \
    ROW(GIFTS, gifts, "times", "Times an owner handed tasks to an asking thief.")                  \
    ROW(GIFT_TASKS, gift_tasks, "tasks", "Tasks handed to thieves that asked.")                    \
    ROW(ROBS, robs, "tasks", "Tasks taken by force from an owner that did not reply.")             \
    ROW(DEQUE_STEALS, deque_steals, "items", "Items taken from another worker's ready deque.")     \
    ROW(QUEUE_TAKES, queue_takes, "tasks", "Tasks taken from a shared queue.")                     \
    ROW(ASKS, asks, "times", "Requests made by thieves.")                                          \
    ROW(HEAVY_FENCES, heavy_fences, "calls", "Calls to membarrier.")                               \
    ROW(WAKES, wakes, "times", "Sleeping workers woken.")                                          \
    ROW(PARKS, parks, "times", "Times a worker went to sleep.")                                    \
    ROW(SWITCHES, switches, "times", "Fiber switches.")                                            \
    ROW(MIGRATIONS, migrations, "times", "Fibers resumed on another worker.")                      \
    ROW(OUTSIDE, outside, "items", "Tasks and ready fibers taken from outside.")                   \
    ROW(FORKS, forks, "tasks", "Forks out of line; all forks where all_forks is 1.")               \
    ROW(JOINS_KEPT, joins_kept, "tasks", "Out-of-line joins of a task that no thief had taken.")   \
    ROW(JOINS_TAKEN, joins_taken, "tasks", "Joins of a task that another worker had taken.")       \
    ROW(JOINS_DROPPED, joins_dropped, "tasks", "Forks that a panic dropped before they began.")    \
    ROW(TASKS_TAKEN, tasks_taken, "tasks", "Forked tasks run by the worker that took them.")       \
    ROW(FLUSHED, flushed, "tasks", "Forked tasks put into ready deques before a wait.")            \
    ROW(JOBS_STARTED, jobs_started, "jobs", "Jobs started: by tasks, or taken from outside.")      \
    ROW(JOBS_RUN, jobs_run, "jobs", "Jobs run.")                                                   \
    ROW(JOINS_WAITED, joins_waited, "times", "Joins that suspended their fiber.")                  \
    ROW(SUSPENSIONS, suspensions, "times", "Times a fiber stopped to wait.")                       \
    ROW(MISSED_EMPTY, missed_empty, "times", "Visits to a fork stack with nothing to take.")       \
    ROW(MISSED_BUSY, missed_busy, "times", "Times a thief found another thief already asking.")    \
    ROW(MISSED_REFUSED, missed_refused, "times", "Requests answered with nothing.")                \
    ROW(MISSED_GONE, missed_gone, "times", "Forced steals that came too late.")                    \
    ROW(MISSED_READY_EMPTY, missed_ready_empty, "times", "Visits to an empty ready deque.")        \
    ROW(MISSED_READY_LEFT, missed_ready_left, "times",                                             \
        "Visits to a ready deque whose items only its owner may take.")                            \
    ROW(MISSED_READY_LOST, missed_ready_lost, "times", "Items that another worker took first.")    \
    ROW(GROWTHS, growths, "times", "Times a ready deque grew.")                                    \
    ROW(PUSHES, pushes, "tasks", "Tasks given to another worker by their forker.")                 \
    ROW(EXPOSURES, exposures, "times", "Times an owner shared some of its private tasks.")         \
    ROW(HELPS, helps, "times",                                                                     \
        "Times a join or filch_help_until ran a task that another had forked.")

#define FL_COUNTER_INDEX(index, field, unit, help) FL_##index,
enum fl_counter {
    FL_COUNTER_TABLE(FL_COUNTER_INDEX) /* */
    FL_SUSPENDED, /* fibers that stopped here, less those that went on here: only the sum over
                     workers means anything. A runtime ends only when it is 0 */
    FL_COUNTERS
};
#undef FL_COUNTER_INDEX

#endif
