/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Jobs of a worker pool: their functions, their outcomes, and operations through a handle. Included
 * by <filch/pool.h>.
 *
 *   static int resize(filch_self self, filch_job *job, void *image) { ... return 0; }
 *
 *   filch_job *job;
 *   filch_pool_submit(&job, pool, resize, image, NULL, FILCH_FOREVER);
 *   if (filch_job_wait(job, filch_in(FILCH_SECOND)) == -ETIMEDOUT)
 *       filch_job_cancel(job);
 *   filch_job_release(job);
 *
 * Outcome: each accepted job has exactly one, which never changes. At its deadline, or at the end
 * of its run timeout, the outcome is fixed although the function still runs; the function sees its
 * context done.
 * Life: a job is freed once its outcome has been reported, its function has returned, and its
 * handle has been released. A handle may outlive the pool.
 * Threads: any task or thread that holds a handle; the job's own function; its `done` during the
 * call. Suspends: filch_job_wait only.
 * Errors: 0 or a negative errno; filch_error() says what was wrong. A NULL job is -EINVAL where a
 * call returns errors, and allowed in filch_job_release; elsewhere it is not allowed.
 * Since 0.1.0. */
#ifndef FILCH_JOB_H
#define FILCH_JOB_H
#include <filch/detail/hide_words.h>

#include <filch/base.h>
#include <filch/context.h>
#include <filch/fork.h>
#include <filch/traceparent.h>

typedef struct filch_pool filch_pool;
typedef struct filch_job filch_job;
struct filch_future;

/* ---- Types ---- */

typedef enum filch_outcome {
    FILCH_UNDECIDED,     /* it waits or is in progress */
    FILCH_SUCCEEDED,     /* its function returned 0 */
    FILCH_FAILED,        /* its function returned something else */
    FILCH_PANICKED,      /* its function panicked */
    FILCH_TIMED_OUT,     /* its deadline, or the end of its run timeout, came first */
    FILCH_CANCELLED,     /* cancelled before it began or between attempts; or during an attempt, if
                            its function returned -ECANCELED or the cause */
    FILCH_DROPPED,       /* the queue was full */
    FILCH_DEAD_LETTERED, /* it failed or panicked for good and became a dead letter */
    FILCH_OUTCOMES
} filch_outcome;

/* Returns 0, or a negative errno for failure (any other number counts as -EINVAL). The text that
 * filch_error() has for that errno becomes the failure's message. `self` is for forks. */
typedef int filch_job_fn(filch_self self, filch_job *job, void *data);

/* Receives the outcome of a job. `why` is the failure, or NULL. data is NULL if it now belongs
 * to a dead letter. Called once per accepted job, as a task of the pool's runtime; it may wait.
 * After FILCH_TIMED_OUT the function may still run, unless the job has .done_after_return.
 * A panic here is treated as a detached task's. */
typedef void filch_job_done_fn(filch_job *job, filch_outcome outcome, const filch_failure *why,
                               void *data);

FILCH_BEGIN_DECLS

/* ---- Life ---- */

/* Releases a handle, which must not be used afterwards. NULL is allowed. A second release ends the
 * process if it is detected, that is, until the memory is reused for another job. A forgotten
 * release keeps the memory of the job and of its pool: filch_pool_stats.held counts those handles,
 * and a library built with FILCH_DEBUG reports them at the end of the process. The last release may
 * call the job's `drop`. */
FILCH_API void filch_job_release(filch_job *job);

/* ---- Operations ---- */

/* Cancels the job: removes it from the queue, or cancels its context, so that its function sees
 * that. Does not wait for the function. Errors: -EALREADY (it has an outcome: there is nothing to
 * cancel); -EINVAL (a job without a handle: submit it with one). */
FILCH_API int filch_job_cancel(filch_job *job);

/* Changes the priority of a waiting job to 0..FILCH_PRIORITIES - 1. It has an effect only in a pool
 * of the order FILCH_PRIORITY. The job keeps the time that it has waited, so it is queued as if it
 * had been submitted with its new priority: before jobs of that priority submitted later. Setting
 * its current priority changes nothing. Does not suspend.
 * Errors: -EALREADY (it no longer waits); -EINVAL (too high). */
FILCH_API int filch_job_set_priority(filch_job *job, unsigned priority);

/* Returns the job's place number, 0 .. width - 1, plus the spares if there are any. Only for the
 * job's own function. No other job in progress has the same number until the function returns, so
 * it can index an array of connections or buffers. It is the lowest free one at the first call of
 * an attempt. When the pool shrinks, jobs keep their number until they end.
 * Errors: -EINVAL (the job is not in progress, is beyond the width (FILCH_FULL_RUN), or belongs to
 * a direct pool: use a pool with a width); -ENOMEM (free some memory, and call again). */
FILCH_API int filch_job_place(filch_job *job);

/* Waits until `until` for the outcome. Returns 0 (succeeded), -ETIMEDOUT (timed out), -ECANCELED
 * (cancelled), -ENOBUFS (dropped: submit it again), or the failure's code. Suspends.
 * Errors of the wait, after which filch_job_outcome is FILCH_UNDECIDED: -ETIMEDOUT (no outcome at
 * `until`: call again); -ECANCELED (the context of the caller's own job or scope is done: return).
 * -EDEADLK (called by the job itself: let it return); -EINVAL (no handle, or a negative time);
 * -ENOMEM or -EAGAIN (no timer: wait with FILCH_FOREVER). */
FILCH_API int filch_job_wait(filch_job *job, int64_t until);

/* Binds an empty future (<filch/future.h>) to the job's outcome. Its value is FILCH_SUCCEEDED, a
 * filch_outcome; any other outcome makes it fail with the failure. It is done when
 * filch_job_wait would return. A job may have several futures; they do not keep the job. Does not
 * wait. Errors: -EALREADY (the future is not empty: use another); -EINVAL (a job without a
 * handle). */
FILCH_API int filch_job_future(struct filch_future *future, filch_job *job);

/* ---- Queries. None waits ---- */

/* Returns the job's number: not 0 and unique in the pool; except in a direct pool, counted from
 * 1 in the order of acceptance. */
FILCH_API uint64_t filch_job_id(const filch_job *job);

/* Returns the data with which it was submitted; NULL if they now belong to a dead letter. */
FILCH_API void *filch_job_data(const filch_job *job);

/* Returns the name of its submission, or "(a job)". It is not a copy. */
FILCH_API const char *filch_job_name(const filch_job *job);

/* Returns the job's context, which is done when the job should stop: at its deadline, at the end of
 * its run timeout, when it is cancelled, or when the parent is done. It lives as long as the job;
 * filch_context_retain keeps it longer. Its deadline includes the run timeout if the function makes
 * the first call, in a pool without resilience settings and without a retry policy of the job's
 * own. The first call for a job creates the context; if memory is short, it returns one that is
 * done with -ENOMEM. */
FILCH_API filch_context *filch_job_context(const filch_job *job);

/* Returns the number of attempts started; also 0 if the job has no retry policy and the pool no
 * resilience settings. */
FILCH_API unsigned filch_job_attempts(const filch_job *job);

/* Returns the job's span; zero bytes if it has none. For filch_traceparent_format, and for jobs
 * that this job submits. */
FILCH_API filch_traceparent filch_job_trace(const filch_job *job);

/* Returns the outcome, or FILCH_UNDECIDED. */
FILCH_API filch_outcome filch_job_outcome(const filch_job *job);

/* Returns the failure; NULL if there is none, or no outcome yet. It lives as long as the job. */
FILCH_API const filch_failure *filch_job_failure(const filch_job *job);

FILCH_END_DECLS
#include <filch/detail/show_words.h>
#endif
