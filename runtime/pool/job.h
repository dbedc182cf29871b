/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A job's life from its creation to the last release. */
#ifndef FL_POOL_JOB_H
#define FL_POOL_JOB_H

#include <runtime/pool/pool.h>

/* ---- Under the pool's lock ---- */

/* Accepts it: gives it an id and a watch. false: its context is done, and it has its outcome. */
bool fl_job_accept(filch_job *job, fl_after *after);
/* It is in progress; or no longer, and `beyond` is its former state. */
void fl_job_begin(filch_job *job);
/* Decides it. false: it was decided. A job that is new or waits then never begins. */
bool fl_job_decide(filch_job *job, filch_outcome outcome, const filch_failure *why,
                   fl_after *after);
/* The failure of a job with an outcome other than success. */
void fl_job_explain(const filch_job *job, filch_failure *out);

/* ---- No lock ---- */

/* It needs no fl_job_more. */
bool fl_job_is_plain(const filch_pool *pool, const filch_job_options *options, bool handle);
/* options is not NULL. -ENOMEM, -EAGAIN through fl_fail. */
int fl_job_make(filch_job **out, filch_pool *pool, filch_job_fn *fn, void *data,
                const filch_job_options *options, bool handle);
/* It was not accepted: frees its key and the job. */
void fl_job_give_up(filch_job *job);
/* Calls its `done`, if there is one. */
void fl_job_tell(filch_self self, filch_job *job);
/* Calls `done` of a job that was decided while it waited. */
void fl_job_tell_apart(filch_job *job);
/* The job of the pool that the calling task is; NULL: of none. */
filch_job *fl_job_here(const filch_pool *pool);
/* Releases one hold; the last frees it. */
void fl_job_drop(filch_job *job);

/* ---- Its context ---- */

/* A job's own context, which is created at the first request. */

/* No lock. Creates it unless it exists. */
filch_context *fl_job_own_context(filch_job *job);
/* For the waits of a filch_job: its context, created if need be; NULL: no memory, and these waits do
 * not end with it. */
filch_context *fl_job_context_here(void *job);
/* Under the lock. The job begins to watch it. Returns the errno if it is done, so that there is
 * nothing to watch, or 0. */
int fl_job_watch(filch_job *job);
/* Its context no longer matters. */
void fl_job_unwatch(filch_job *job);

#endif
