/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Submission of jobs to a worker pool, one or many per call. Included by <filch/pool.h>.
 *
 *   FILCH_SUBMIT(pool, resize, image);                      waits while the queue is full
 *   FILCH_SUBMIT_UNTIL(pool, resize, image, filch_in(FILCH_SECOND));      for at most a second
 *   FILCH_SUBMIT_AS(pool, resize, image, .priority = 3, .run_timeout = FILCH_SECOND, .done = show);
 *   filch_pool_submit(&job, pool, resize, image, &options, until);        with a handle and a time
 *   filch_pool_submit_all(pool, resize, images, count, &options, until, &accepted);
 *
 * Accepted jobs: a call that returns 0 has handed its job over, and the job has exactly one
 * outcome. A refused job has no effect: its function, `done` and `drop` are not called.
 * Threads: any task or thread may call every function, including jobs of the same pool.
 * Suspends: each call, while the pool (FILCH_FULL_WAIT) or a bounded results list has no room; with
 * FILCH_FULL_RUN also until the job has an outcome (<filch/wait.h>).
 * Errors: 0 or a negative errno; filch_error() says what was wrong.
 * Since 0.1.0. */
#ifndef FILCH_SUBMIT_H
#define FILCH_SUBMIT_H
#include <filch/detail/hide_words.h>

#include <filch/context.h>
#include <filch/job.h>
#include <filch/retry.h>
#include <filch/runtime.h>
#include <filch/traceparent.h>
#include <filch/wait.h>
#include <stdbool.h>

struct filch_results;

/* ---- Types ---- */

#ifdef __cplusplus
#define FILCH_ZERO = {}
#else
/* The initial value of the fields below: in C++ zero, where compilers would warn about unnamed
 * fields; in C nothing. */
#define FILCH_ZERO
#endif

/* Options of one job; zero bytes mean the defaults. */
typedef struct filch_job_options {
    /* For reports; not copied. Default: "(a job)"; with FILCH_SUBMIT and FILCH_SUBMIT_AS: the
     * function's name */
    const char *name FILCH_ZERO;
    /* 0 (lowest) .. FILCH_PRIORITIES - 1 */
    unsigned priority FILCH_ZERO;
    /* ns from submission: the time to the job's deadline; 0: the pool's */
    int64_t timeout FILCH_ZERO;
    /* Parent of the job's context; NULL: the pool's */
    filch_context *context FILCH_ZERO;
    /* Receives the outcome; or NULL */
    filch_job_done_fn *done FILCH_ZERO;
    /* Releases the data once it is unused; or NULL. A panic here is treated as a detached task's;
     * when the last release of a handle calls it outside a task, a panic ends the process */
    void (*drop)(void *data) FILCH_ZERO;
    /* Not copied; NULL: the pool's */
    const filch_retry_policy *retry FILCH_ZERO;
    /* Copied. While a job with the same key has no outcome, the job is refused: -EEXIST. NULL:
     * none */
    const char *key FILCH_ZERO;
    /* Parent of the job's span; NULL: none */
    const filch_traceparent *trace FILCH_ZERO;
    /* Receives the job when `done` has returned (<filch/results.h>); NULL: the pool's */
    struct filch_results *results FILCH_ZERO;
    /* ns from the start of each attempt, not counting the time that the job waited; 0: the pool's.
     * A job that runs for longer has timed out, as at its deadline, and there is no further
     * attempt */
    int64_t run_timeout FILCH_ZERO;
    /* `done` is not called, and the results list does not receive the job, before the function has
     * returned, even if a timeout has fixed the outcome earlier. The outcome of a job whose
     * function will never be called is reported at once */
    bool done_after_return FILCH_ZERO;
} filch_job_options;

/* One of the jobs of filch_pool_submit_each. */
typedef struct filch_submission {
    filch_job_fn *fn;
    void *data;
    const filch_job_options *options; /* not needed after the call; NULL: the defaults */
} filch_submission;

/* ---- Macros ---- */

/* Submits the job fn(self, job, data) with the default options; waits for room. The job's name is
 * the function's. Returns 0 or a negative errno, as filch_pool_submit does. */
#define FILCH_SUBMIT(pool, fn, data) fl_submit_named(pool, fn, data, NULL, #fn, FILCH_FOREVER)
/* The same, but waits for room until `until`; with 0 it does not wait. */
#define FILCH_SUBMIT_UNTIL(pool, fn, data, until) fl_submit_named(pool, fn, data, NULL, #fn, until)
/* The same with options: FILCH_SUBMIT_AS(pool, fn, data, .priority = 3, ...), designated
 * initialisers of filch_job_options. Waits for room without a limit. */
#define FILCH_SUBMIT_AS(pool, fn, data, ...)                                                       \
    (__extension__({                                                                               \
        const filch_job_options fl_options_ = {__VA_ARGS__};                                       \
        fl_submit_named(pool, fn, data, &fl_options_, #fn, FILCH_FOREVER);                         \
    }))

FILCH_BEGIN_DECLS

/* ---- Operations ---- */

/* Submits the job fn(self, job, data). options may be NULL; they are not needed after the call, and
 * their context is retained as long as it is needed. If `out` is given, *out receives a handle,
 * which the caller releases with filch_job_release; on an error *out is untouched. Waits until
 * `until` for room in the pool or in a bounded results list; 0: does not wait.
 * A job whose own context is done when it is accepted (its timeout has passed) has its outcome at
 * once.
 * Errors: -EPIPE (the pool or the results list is closed: submit elsewhere); -EAGAIN (a pool with
 * FILCH_FULL_REJECT is full: try later; or there is no timer). -ETIMEDOUT (still full at `until`);
 * -ECANCELED or another cause (the job's context is done: the job is no longer wanted). -EDEADLK
 * (the pool is full, and only the submitting job could make room: use a larger capacity, or do not
 * wait); -EEXIST (a job with this key has no outcome yet: wait for that one). -EINVAL (no pool or
 * function, a priority that is too high, a negative time, an invalid retry policy: correct it);
 * -ENOMEM (wait for jobs to end). */
FILCH_API int filch_pool_submit(filch_job **out, filch_pool *pool, filch_job_fn *fn, void *data,
                                const filch_job_options *options, int64_t until);

/* The same with a given place, for the macro of builds with FILCH_DEBUG. A library built with
 * FILCH_DEBUG reports at the end of the process the pools whose handles were not released, and the
 * place of the first such submission. place is not copied; NULL: unknown. */
FILCH_API int fl_pool_submit_at(const filch_place *place, filch_job **out, filch_pool *pool,
                                filch_job_fn *fn, void *data, const filch_job_options *options,
                                int64_t until);

/* Submits count jobs: fn with data[0], data[1], ...; with NULL for data, each gets NULL.
 * Equivalent to single submissions but cheaper: the fixed cost (the lock, a fence, a wake-up) is
 * paid once per up to 128 jobs. *accepted, if given, receives the number accepted, always the first
 * ones. `full` applies to each job that finds no room. Up to 128 jobs are created at a time; their
 * timeouts run from then on.
 * Returns 0 if all were accepted. Errors: those of filch_pool_submit, of the first job that was
 * refused; the caller still owns the data from number *accepted on. */
FILCH_API int filch_pool_submit_all(filch_pool *pool, filch_job_fn *fn, void *const data[],
                                    size_t count, const filch_job_options *options, int64_t until,
                                    size_t *accepted);

/* Submits count jobs, each with a function, data and options of its own, in their order; otherwise
 * as filch_pool_submit_all. Consecutive jobs share the fixed cost while they have the same results
 * list, and in a direct pool also only if all of them are plain, or none.
 * Errors: those of filch_pool_submit, of the first job that was refused or is invalid; -EINVAL also
 * if `each` is NULL and count is not 0. */
FILCH_API int filch_pool_submit_each(filch_pool *pool, const filch_submission each[], size_t count,
                                     int64_t until, size_t *accepted);

FILCH_END_DECLS

#ifdef FILCH_DEBUG
#define filch_pool_submit(...)                                                                     \
    (__extension__({                                                                               \
        static const filch_place fl_submit_place_ = {{NULL, "filch_pool_submit"},                  \
                                                     __FILE__,                                     \
                                                     __LINE__};                                    \
        fl_pool_submit_at(&fl_submit_place_, __VA_ARGS__);                                         \
    }))
#endif

/* FILCH_SUBMIT: names a job without a name after its function. options may be NULL. */
FILCH_UNUSED static inline int fl_submit_named(filch_pool *pool, filch_job_fn *fn, void *data,
                                               const filch_job_options *options, const char *name,
                                               int64_t until)
{
    filch_job_options named = {0};
    if (options)
        named = *options;
    if (!named.name)
        named.name = name;
    return filch_pool_submit(NULL, pool, fn, data, &named, until);
}
#include <filch/detail/show_words.h>
#endif
