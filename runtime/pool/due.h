/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Deadlines of jobs, run timeouts, and the watch on the pool's context. Under the pool's lock. */
#ifndef FL_POOL_DUE_H
#define FL_POOL_DUE_H

#include <runtime/pool/pool.h>

/* It need not go on, for this cause: decides a job that is not in progress, and at its deadline one
 * that is. */
void fl_job_call_off(filch_job *job, int cause, fl_after *after);
/* Of a job with `own`: its deadline counts from now on, if it has one and no context. -ENOMEM, -EAGAIN, -EMFILE
 * through fl_fail. */
int fl_due_enter(filch_job *job);
void fl_due_leave(filch_job *job);
/* The job's run timeout, if it has one, counts from now on, or no longer. */
void fl_due_begin(filch_job *job);
void fl_due_pause(filch_job *job);
/* The deadline of a context that is created for it now. */
int64_t fl_due_of_context(const filch_job *job);
/* Starts or stops watching the pool's context for all jobs. */
void fl_pool_watch(filch_pool *pool);
void fl_pool_unwatch(filch_pool *pool);

#endif
