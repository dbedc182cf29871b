/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Results lists: completed jobs of a pool, in order of completion, for one or several takers.
 * For programs that submit many jobs and process their outcomes.
 *
 *   filch_results *results;
 *   filch_results_create(&results);
 *   FILCH_SUBMIT_AS(pool, resize, image, .results = results);   or .results in filch_pool_config
 *   ...
 *   filch_results_close(results);                               nothing more is submitted
 *   filch_job *job;
 *   while (!filch_results_take(results, &job, FILCH_FOREVER)) {
 *       use(filch_job_data(job), filch_job_outcome(job));
 *       filch_job_release(job);
 *   }
 *
 * Each job accepted with a list is put into it once, after its `done` has returned, regardless of
 * its outcome. This neither waits nor allocates: the links are in the jobs. Jobs are taken in the
 * order in which they were put there.
 * Bound: a list is unbounded unless filch_results_set_bound was called. From then on submissions
 * with it wait while that many of its jobs have been accepted and not taken. Accepted jobs never
 * wait for a taker, so a slow taker delays submitters and no runner.
 * A taker owns a handle of the job (<filch/pool.h>) and so holds its data: `drop` is called
 * after the release. After FILCH_TIMED_OUT the job's function may still be using the data.
 * Life: the list must outlive the jobs and pools that use it. Several pools may share one.
 * Threads: any task or thread may call every function. Suspends: filch_results_take and
 * filch_results_destroy, as <filch/wait.h> says.
 * Errors: 0 or a negative errno.
 * Since 0.1.0. */
#ifndef FILCH_RESULTS_H
#define FILCH_RESULTS_H
#include <filch/detail/hide_words.h>

#include <filch/pool.h>

typedef struct filch_results filch_results;

FILCH_BEGIN_DECLS

/* Creates a list. On failure *out is untouched. Errors: -EINVAL (out is NULL); -ENOMEM. */
FILCH_API int filch_results_create(filch_results **out);
/* Frees it; untaken jobs are released, waiters get -EIDRM. NULL is allowed. May suspend. Error:
 * -EBUSY (jobs will still arrive, or a pool's configuration has the list; nothing has happened). */
FILCH_API int filch_results_destroy(filch_results *results);
/* Closes the list: new submissions with it get -EPIPE; those already waiting for room continue.
 * Accepted jobs still arrive; then takers get -EPIPE. Does not wait. May be called again. */
FILCH_API void filch_results_close(filch_results *results);
/* Takes the job that arrived first; waits for one until `until`. The caller owns the handle
 * *out: call filch_job_release. Errors: -EPIPE (closed, and no more will arrive); -ETIMEDOUT;
 * -EIDRM (destroyed); -EINVAL (negative time, out is NULL); -ENOMEM or -EAGAIN (no timer). */
FILCH_API int filch_results_take(filch_results *results, filch_job **out, int64_t until);

/* Sets how many jobs may be accepted with it and not yet taken; FILCH_UNLIMITED, the default: no
 * bound. A larger bound lets waiting submissions continue; a smaller one applies to the next
 * submissions. A submission waits until its `until`, its job's deadline, or the end of its context,
 * for each value of the pool's `full` except FILCH_FULL_REJECT, which refuses it with -EAGAIN. It
 * gets -EPIPE if the pool or the list is closed during the wait. A task that both submits and takes
 * must take often enough, or submit with an `until`. Does not wait. Error: -EINVAL (no list, or
 * 0). */
FILCH_API int filch_results_set_bound(filch_results *results, size_t bound);
/* Returns the number of jobs that have arrived and were not taken. */
FILCH_API size_t filch_results_length(const filch_results *results);

FILCH_END_DECLS
#include <filch/detail/show_words.h>
#endif
