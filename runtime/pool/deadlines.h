/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Deadlines of jobs, run timeouts, and the watch on the pool's context. Under the pool's lock. */
#ifndef FL_POOL_DEADLINES_H
#define FL_POOL_DEADLINES_H

#include <filch/pool.h>
#include <runtime/pool/callbacks.h>
#include <runtime/sync/timer.h>
#include <runtime/sync/timer_heap.h>
#include <runtime/sync/wait.h>

struct fl_after;

/* Jobs by their deadlines, and the watch on the pool's context.
 * Submissions enter jobs, runners take them out, the timer thread takes those that are due. The
 * thread that cancels the context runs the watcher. */
typedef struct fl_pool_deadlines {
    fl_timer_row dues;      /* jobs without an outcome, by deadline, */
    fl_timer_heap run_dues; /* and those with a run timeout */
    fl_waiter watcher;      /* of the pool's context, */
    fl_node watch;          /* in its queue */
    filch_u32 used; /* 1: some job had a deadline, so the alarm exists; written under the lock */
    bool expected;  /* the intake is open for jobs with deadlines */
    bool notified;  /* the watcher has been notified, */
    bool notifying; /* or is about to be, and destruction waits for that */
} fl_pool_deadlines;

/* It need not go on, for this cause: decides a job that is not in progress, and at its deadline one
 * that is. */
void fl_job_call_off(filch_job *job, int cause, struct fl_after *after);
/* Of a job with `own`: its deadline counts from now on, if it has one and no context. -ENOMEM, -EAGAIN, -EMFILE
 * through fl_fail. */
int fl_due_enter(filch_job *job);
void fl_due_leave(filch_job *job);
/* Called before the intake opens for `count` jobs, which may have deadlines. Returns the number of
 * jobs for which it may open; 0: there is no memory. */
uint64_t fl_dues_expect(filch_pool *pool, uint64_t count);
/* Called when the intake was closed and its jobs have entered the queue. */
void fl_dues_expect_none(filch_pool *pool);
/* Whether the job's deadline is far enough away for the intake (runtime/pool/intake.h). No lock; no
 * other thread knows the job yet. */
bool fl_due_is_far(const filch_job *job);
/* The job's run timeout, if it has one, counts from now on, or no longer. */
void fl_due_begin(filch_job *job);
void fl_due_pause(filch_job *job);
/* The deadline of a context that is created for it now. */
int64_t fl_due_of_context(const filch_job *job);
/* Starts or stops watching the pool's context for all jobs. */
void fl_pool_watch(filch_pool *pool);
void fl_pool_unwatch(filch_pool *pool);

/* ---- Stuck jobs ---- */

/* Stuck jobs: jobs that timed out in progress and whose functions still run a given time later
 * (filch_pool_config.stuck_after).
 *
 *   thread                                  action
 *   the timer thread, at a job's deadline,  starts a timer, a pending callback
 *   which decides the job                   (runtime/pool/callbacks.h)
 *   the timer thread, at the timer's time   if the function still runs: the job is stuck, is
 *                                           reported by a task, and one of the pool's spares takes
 *                                           its place: the pool is one wider, unless the job runs
 *                                           beyond the width, its own runtime has one worker more
 *   the runner, when the function returns   stops the timer, or gives the spare back
 *
 * The stuck job keeps its worker and the worker's deque, which thieves empty. */

typedef struct fl_overdue {
    fl_timer timer;
    fl_pending_callback tells;
    struct fl_fiber *fiber; /* that runs it, */
    int64_t began;          /* since then */
    filch_stuck report;
    bool stuck, spared; /* it is stuck; it has a spare */
} fl_overdue;

/* Under the lock, by the calling fiber: it is in progress. */
void fl_stuck_begin(filch_job *job);
/* Under the lock: its deadline has come, and its function runs. */
void fl_stuck_watch(filch_job *job);
/* Under the lock, by its runner: its function has returned. */
void fl_stuck_leave(filch_job *job);

#endif
