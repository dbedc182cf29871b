/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The numbers of a pool: one row for each, in the order of filch_pool_stats. Its metric, its column
 * of the statistics page and the table in docs/pools/README.md are made from the row. To add a number, add
 * its field at the end, its row on one line, and its count (run_job.c has examples), and run
 * tools/tables.py --write. */
#ifndef FL_POOL_STATISTICS_H
#define FL_POOL_STATISTICS_H

#include <filch/pool.h>
#include <filch/stats.h>

/* FIGURE(field, unit, 1 if it may fall, help), OUTCOME(name, filch_outcome without FILCH_, help) */
#define FL_POOL_STATISTICS(FIGURE, OUTCOME)                                                        \
    FIGURE(accepted, "jobs", 0, "Jobs that were accepted.")                                        \
    OUTCOME(succeeded, SUCCEEDED, "Jobs whose function returned 0.")                               \
    OUTCOME(failed, FAILED, "Jobs whose function returned another value.")                         \
    OUTCOME(panicked, PANICKED, "Jobs whose function panicked.")                                   \
    OUTCOME(timed_out, TIMED_OUT, "Jobs that exceeded their timeouts.")                            \
    OUTCOME(cancelled, CANCELLED, "Jobs that were cancelled.")                                     \
    OUTCOME(dropped, DROPPED, "Jobs that a full queue dropped.")                                   \
    OUTCOME(dead_lettered, DEAD_LETTERED, "Jobs that became dead letters.")                        \
    FIGURE(refused, "times", 0, "Submissions that were not accepted.")                             \
    FIGURE(waiting, "jobs", 1, "Jobs in the queue, or delayed.")                                   \
    FIGURE(running, "jobs", 1, "Jobs in progress.")                                                \
    FIGURE(width, "jobs", 1, "Jobs that may run at once.")                                         \
    FIGURE(grown, "times", 0, "Automatic increases of the width.")                                 \
    FIGURE(shrunk, "times", 0, "Automatic decreases of the width.")                                \
    FIGURE(delayed, "jobs", 1, "Jobs waiting for a permit or a retry.")                            \
    FIGURE(retries, "times", 0, "Attempts after the first.")                                       \
    FIGURE(stuck, "jobs", 1, "Jobs still running after their deadlines.")                          \
    FIGURE(running_most, "jobs", 1, "Peak number of running jobs.")                                \
    FIGURE(waiting_most, "jobs", 1, "Peak number of waiting jobs.")                                \
    FIGURE(held, "handles", 1, "Job handles not yet released.")

/* filch_pool_stats_read, for readers that know the rows only. */
void fl_pool_stats_read(const void *pool, void *stats, size_t size);

#endif
