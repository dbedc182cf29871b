/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A job's own context, which is created at the first request. */
#ifndef FL_JOB_CONTEXT_H
#define FL_JOB_CONTEXT_H

#include <runtime/pool/pool.h>

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
