/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Results lists: the jobs of a pool come back as they are done, for one or several who take them.
 * For whoever submits many jobs and goes on with what has become of them.
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
 * Each job that was accepted with a list is put into it once, whatever its outcome, after its `done`
 * has returned. Putting it there neither waits nor allocates: the list has no bounds, and its links
 * are in the jobs. Jobs come in the order in which they were put there.
 * Whoever takes a job has a handle (<filch/pool.h>), and so holds its data: `drop` is called after
 * the release. After FILCH_TIMED_OUT the job's function may still be at the data.
 * Life: the list outlives the jobs and the pools that were given it. Several pools may share one.
 * Threads: all by any task or thread; where a call waits, see <filch/wait.h>. */
#ifndef FILCH_RESULTS_H
#define FILCH_RESULTS_H

#include <filch/pool.h>

typedef struct filch_results filch_results;

FILCH_BEGIN_DECLS

/* On failure *out is untouched. -EINVAL no place for it; -ENOMEM. */
FILCH_API int filch_results_create(filch_results **out);
/* Frees it; what nobody has taken is released, who waits gets -EIDRM. -EBUSY: jobs are still to
 * come, or it is in the configuration of a pool; nothing has happened. May suspend. NULL is allowed.
 */
FILCH_API int filch_results_destroy(filch_results *results);
/* From now on submissions with this list get -EPIPE; those that already wait for room go on. What is
 * accepted still comes; then takers get -EPIPE. Does not wait. May be called again. */
FILCH_API void filch_results_close(filch_results *results);
/* Takes the job that came first; waits until there is one, or until then. The caller owns *out, a
 * handle: filch_job_release. -EPIPE it is closed, and nothing comes any more; -ETIMEDOUT; -EIDRM it
 * was destroyed; -EINVAL a negative time, no place for it; -ENOMEM, -EAGAIN no timer. */
FILCH_API int filch_results_take(filch_results *results, filch_job **out, int64_t until);

FILCH_END_DECLS
#endif
