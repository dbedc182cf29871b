/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Errands: what will still come to a job besides its runner. Each holds the job, and is counted in
 * pool->errands, so that the pool stays as well.
 *
 *   errand                    begins                          ends
 *   the watch of a job's      when it is accepted, if its     by a task that the watcher starts; or
 *   context                   context is not done             the runner takes the watcher out, when
 *                                                             the function has returned
 *   the timer of a delayed    when it is delayed              at its time, when the job waits again;
 *   job                                                       or who decides about the job stops it;
 *                                                             by a task if it came just then
 *   the timer of a stuck      when its deadline has come in   by a task, which reports it; or the
 *   job                       progress                        runner stops it
 *   the start of a direct     when it is accepted             by the task that runs it
 *   pool's job
 *
 * An errand that comes, comes where no function of a user may be called: to the keeper, or to whoever
 * cancels a context. What it does at once it does under the pool's lock; the rest is a task's, and so
 * is its end: the job's data may go with it.
 * One that is stopped in time is called off, if that is under the lock: the job's function holds the
 * job as well then, or it could not be stopped. Where there is no lock, it is ended.
 * The job is dropped before the count goes down: `drop` of a job is called while its pool is there.
 * Counting down is the last touch of both.
 *
 * Two that are counted hold no more than what was the function's hold: the task that tells `done` of
 * a job that never began (fl_job_tell_apart), and the one that runs a job beyond the width. */
#ifndef FL_ERRAND_H
#define FL_ERRAND_H

#include <filch/pool.h>
#include <runtime/core/job.h>

typedef void fl_errand_fn(filch_self self, filch_job *job);

/* The task of one. */
typedef struct fl_errand {
    fl_job task;
    filch_job *job;
    fl_errand_fn *fn;
} fl_errand;

/* Under the lock, by who holds the job. */
void fl_errand_begin(filch_job *job);
/* Under the lock: it was stopped, and the job's function holds the job. */
void fl_errand_call_off(filch_job *job);
/* Its task, to be started: calls fn, unless it is NULL, and ends it. */
fl_job *fl_errand_task(fl_errand *one, filch_job *job, fl_errand_fn *fn);
/* No lock. Starts that. */
void fl_errand_go(fl_errand *one, filch_job *job, fl_errand_fn *fn);
/* No lock. */
void fl_errand_end(filch_job *job);

#endif
