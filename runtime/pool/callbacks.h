/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Pending callbacks: calls that a job still expects, besides its runner. Each holds the job, and is
 * counted in pool->rest.pending_callbacks, so that the pool stays as well.
 *
 *   pending callback         begins                         ends
 *   the watch of a job's     when it is accepted, if its    by a task that the watcher starts; or
 *   context                  context is not done            the runner takes the watcher out, when
 *                                                           the function has returned
 *   the timer of a delayed   when it is delayed             at its time, when the job waits again;
 *   job                                                     or the job's decider stops it;
 *                                                           by a task if it came just then
 *   the timer of a stuck     when its deadline has come in  by a task, which reports it; or the
 *   job                      progress                       runner stops it
 *   the start of a direct    when it is accepted            by the task that runs it
 *   pool's job
 *   telling `done` of a job  when its deadline comes        by the task that tells
 *   in progress
 *
 * A pending callback runs where no user's function may be called: in the timer thread, or in the
 * thread that cancels a context. It acts at once under the pool's lock, and leaves the rest, and
 * its end, to a task: the job's data may go with it. One that is stopped in time under the lock is
 * called off: the job's function still holds the job then, or it could not be stopped. Without the
 * lock, it is ended. The job is dropped before the count goes down, so `drop` of a job is called
 * while its pool exists. Counting down is the last touch of both.
 *
 * Two that are counted hold only the function's former hold: the task that tells `done` of a job
 * that never began (fl_job_tell_apart), and the one that runs a job beyond the width. */
#ifndef FL_CALLBACKS_H
#define FL_CALLBACKS_H

#include <filch/pool.h>
#include <runtime/engine/inbox.h>
#include <runtime/platform/memory/cells.h>

typedef void fl_pending_callback_fn(filch_self self, filch_job *job);

/* The task of one. */
typedef struct fl_pending_callback {
    fl_work_item task;
    filch_job *job;
    fl_pending_callback_fn *fn;
    bool taken; /* it is a cell of its own, freed when it runs */
} fl_pending_callback;
FILCH_STATIC_ASSERT(sizeof(fl_pending_callback) <= FL_CELL_LINE, "a cell holds a pending callback");

/* One that is part of nothing else; NULL: no memory. Any thread. */
fl_pending_callback *fl_pending_callback_take(void);
/* It will not run. NULL is allowed. */
void fl_pending_callback_give(fl_pending_callback *one);

/* Under the lock, by a holder of the job. */
void fl_pending_callback_begin(filch_job *job);
/* Under the lock: it was stopped, and the job's function holds the job. */
void fl_pending_callback_call_off(filch_job *job);
/* Its task, to be started: calls fn, unless it is NULL, and ends it. */
fl_work_item *fl_pending_callback_task(fl_pending_callback *one, filch_job *job,
                                       fl_pending_callback_fn *fn);
/* No lock. Starts that. */
void fl_pending_callback_go(fl_pending_callback *one, filch_job *job, fl_pending_callback_fn *fn);
/* No lock. */
void fl_pending_callback_end(filch_job *job);

#endif
