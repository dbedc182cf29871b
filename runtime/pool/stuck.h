/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Stuck jobs: jobs that timed out in progress and whose functions still run a given time later
 * (filch_pool_config.stuck_after).
 *
 *   thread                                  action
 *   the timer thread, at a job's deadline,  starts a timer, a pending callback
 *   which decides the job                   (runtime/pool/pending_callback.h)
 *   the timer thread, at the timer's time   if the function still runs: the job is stuck, is
 *                                           reported by a task, and one of the pool's spares takes
 *                                           its place: the pool is one wider, unless the job runs
 *                                           beyond the width, its own runtime has one worker more
 *   the runner, when the function returns   stops the timer, or gives the spare back
 *
 * The stuck job keeps its worker and the worker's deque, which thieves empty. */
#ifndef FL_STUCK_H
#define FL_STUCK_H

#include <filch/pool.h>
#include <runtime/pool/pending_callback.h>
#include <runtime/sync/timer.h>

typedef struct fl_overdue {
    fl_timer timer;
    fl_pending_callback tells;
    struct fl_fiber *fiber; /* that runs it, */
    int64_t began;          /* since then */
    filch_stuck report;
    bool stuck, spared; /* it is stuck; it has a spare */
} fl_overdue;

struct fl_after;

/* -EINVAL through fl_fail. */
int fl_stuck_check(const filch_pool_config *config);
/* Under the lock, by the calling fiber: it is in progress. */
void fl_stuck_begin(filch_job *job);
/* Under the lock: its deadline has come, and its function runs. */
void fl_stuck_watch(filch_job *job);
/* Under the lock, by its runner: its function has returned. */
void fl_stuck_leave(filch_job *job);

#endif
