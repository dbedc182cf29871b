/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Submission of jobs. Only fl_pool_run_beyond is called under the pool's lock. */
#ifndef FL_POOL_SUBMIT_H
#define FL_POOL_SUBMIT_H

#include <runtime/pool/pool.h>

/* An accepted job is run beyond the width. */
void fl_pool_run_beyond(filch_pool *pool, filch_job *job, fl_after *after);
/* The error in a submission, or the reason why it cannot succeed. */
int fl_jobs_check(const filch_pool *pool, filch_job_fn *fn, const filch_job_options *options,
                  int64_t until);
/* Puts jobs into the queue; if that is full, follows the pool's rule for that. *accepted, 0 at
 * first, counts the first jobs, which are no longer the caller's. Returns the error of the next, if
 * any. */
int fl_jobs_submit(filch_pool *pool, filch_job *const *jobs, unsigned count, int64_t until,
                   unsigned *accepted);

/* ---- Keys ---- */

/* Keys: of the jobs in progress at most one has a given key. */

/* Reserves the key for it; -EEXIST, or -ENOMEM through fl_fail. */
int fl_key_take(filch_job *job);
void fl_key_leave(filch_job *job);

#endif
