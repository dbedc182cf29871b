/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Worker pools: jobs that wait in a bounded queue, in an order of one's choice, for one of so many
 * that may be in progress. For service authors and students.
 *
 *   static int resize(filch_self self, filch_job *job, void *image) { ... return 0; }
 *
 *   filch_pool *pool;
 *   filch_pool_create(&pool, &(filch_pool_config){.width = 8, .capacity = 100});
 *   FILCH_SUBMIT(pool, resize, image);                      waits while the queue is full
 *   FILCH_SUBMIT_AS(pool, resize, image, .priority = 3, .timeout = FILCH_SECOND, .done = show);
 *   ...
 *   filch_pool_destroy(pool);                               when all that was accepted has ended
 *
 * Width: how many jobs are in progress at a time, those that wait within their function included, as
 * if so many threads took them from a queue. A job is a task: it may fork, spawn and wait.
 * Outcomes: each job that is accepted has exactly one (filch_outcome), and `done` is told it once.
 * Timeouts: at its deadline, which counts the time in the queue, a job's outcome is fixed: whoever
 * waits goes on. A job in progress sees its context done, and its function still returns; its data
 * goes away only then.
 * Life: a pool ends by filch_pool_destroy, when it has come to rest. A job belongs to the pool, and
 * is gone once its outcome has been told and its function has returned; who has a handle
 * (filch_pool_submit's `out`) gives it back by filch_job_release.
 * Threads: all by any task or thread, jobs of the pool among them; where a call waits, see
 * <filch/wait.h>.
 * Errors: 0 or a negative errno; filch_error() says what was wrong and what to do. No pool, or no job,
 * is -EINVAL where a call returns errors, but for filch_pool_destroy; elsewhere it is not allowed. */
#ifndef FILCH_POOL_H
#define FILCH_POOL_H

#include <filch/adaptive.h>
#include <filch/breaker.h>
#include <filch/context.h>
#include <filch/failure.h>
#include <filch/letters.h>
#include <filch/limiter.h>
#include <filch/retry.h>
#include <filch/runtime.h>
#include <filch/trace.h>
#include <stdbool.h>

typedef struct filch_pool filch_pool;
typedef struct filch_job filch_job;
struct filch_metrics;
struct filch_results;
struct filch_future;

/* Which job is next. */
typedef enum filch_pool_order {
    FILCH_ANY,      /* as it comes. A pool of this order without width and capacity is direct: its
                       jobs go straight to the workers' deques */
    FILCH_FIFO,     /* the oldest */
    FILCH_LIFO,     /* the newest */
    FILCH_PRIORITY, /* the highest priority, 0..FILCH_PRIORITIES - 1; what has waited for
                       `aging` counts as one higher, so that nothing waits for ever; the oldest
                       of equals */
    FILCH_EARLIEST, /* the earliest deadline first (C. L. Liu, J. W. Layland, 1973, section 7);
                       then those without one, the oldest first */
    FILCH_ORDERS
} filch_pool_order;

enum { FILCH_PRIORITIES = 8 };

/* What a submission does when the queue is full. */
typedef enum filch_when_full {
    FILCH_FULL_WAIT,        /* waits for room, first come first served */
    FILCH_FULL_REJECT,      /* is refused: -EAGAIN */
    FILCH_FULL_RUN,         /* the job begins at once, beyond the width, and the submission
                               returns when it has an outcome */
    FILCH_FULL_DROP_OLDEST, /* the oldest in the queue is dropped for it */
    FILCH_FULL_DROP_NEWEST, /* it is accepted, and dropped */
    FILCH_FULL_POLICIES
} filch_when_full;

/* What has become of a job. */
typedef enum filch_outcome {
    FILCH_UNDECIDED,     /* it waits, or is in progress */
    FILCH_SUCCEEDED,     /* its function returned 0 */
    FILCH_FAILED,        /* its function returned something else */
    FILCH_PANICKED,      /* its function panicked */
    FILCH_TIMED_OUT,     /* its deadline came first */
    FILCH_CANCELLED,     /* before it began, or between attempts; or during one, and its function
                            returned -ECANCELED, or the cause */
    FILCH_DROPPED,       /* the queue was full */
    FILCH_DEAD_LETTERED, /* it failed or panicked for good, and became a dead letter */
    FILCH_OUTCOMES
} filch_outcome;

/* A job that has timed out and does not return. */
typedef struct filch_stuck {
    const char *name; /* the job's */
    uint64_t id;
    int64_t age;       /* ns since it began */
    const char *where; /* the call in which it waits; NULL: it computes */
    void *data;        /* the job's; its function may be using it */
} filch_stuck;

/* Told of it, once, by a task of the pool's runtime. A panic of it is a detached task's. */
typedef void filch_stuck_fn(const filch_stuck *report, void *arg);

/* Fields that are zero mean the default. */
typedef struct filch_pool_config {
    size_t size;            /* sizeof(filch_pool_config), or 0: only what the first release knew */
    const char *name;       /* for reports; not copied; default "pool" */
    filch_runtime *runtime; /* on whose workers it runs, and which may be destroyed only after the
                               pool: that is not checked; NULL: on a runtime of its own, */
    unsigned workers;       /* with so many workers; default: one per core */
    unsigned width;         /* jobs in progress at a time; default: as many as there are workers,
                               of a direct pool: no limit */
    size_t capacity;        /* jobs that wait at most, delayed ones too; default: no limit */
    filch_pool_order order; /* default: any */
    filch_when_full full;   /* default: wait; without a capacity it is never full */
    int64_t aging;          /* ns; default one second; of no other order than FILCH_PRIORITY */
    int64_t timeout;        /* ns of each job that has none of its own; default: none */
    filch_context *context; /* those of all jobs are below it, if they have no other */
    bool timed;         /* how long jobs wait and take is recorded, for filch_metrics_add_pool */
    unsigned width_max; /* elastic: between `width` (default: 1) and so many in progress at a time,
                             as there is need; 0: not. docs/pools.md, "Growing and shrinking" */
    size_t grow_depth;  /* it grows when so many wait; default: as many as it is wide, */
    int64_t grow_after; /* or the oldest has waited so long; ns, default one millisecond; */
    int64_t shrink_after; /* it shrinks by what had nothing to do for so long; ns, default one
                             second. FILCH_FOREVER in one of these: never for that */
    int64_t interval;     /* ns from one look to the next while jobs wait; default 10 ms */
    const char *bind;     /* of a runtime of its own, as in filch_config: "core", "pu", "none" */
    /* Policies, none by default; not copied, and there until the pool is destroyed. How they stand
     * together: docs/pools.md. */
    filch_limiter *limiter; /* each attempt takes a permit, and waits for it in no worker */
    filch_breaker *breaker; /* each attempt asks it, and tells it what came of it */
    const filch_retry_policy *retry; /* of jobs that have none of their own: after a failure or a
                                        panic there is another attempt, from the queue */
    filch_letters *letters;          /* what has failed or panicked for good becomes one of these */
    const filch_adaptive_config *adaptive; /* the width finds itself by latency; `width` stays 0 */
    /* Jobs that do not return */
    int64_t
        stuck_after; /* so many ns after its deadline a job in progress is stuck; default: never */
    unsigned spares; /* so many stuck jobs at a time do not count for the width, and each has
                            another worker run in its place, if the runtime is the pool's own */
    filch_stuck_fn *stuck;
    void *stuck_arg;
    unsigned
        worker_slots; /* of a runtime of its own: so many workers at most, for filch_pool_resize
                              of a direct pool; default, and least: workers */
    struct filch_results *results; /* where jobs go that have no list of their own */
} filch_pool_config;

/* Returns 0, or a negative errno: it has failed (any other number counts as -EINVAL). What
 * filch_error() says of that errno then becomes its message. `self` is for forks; in a job that the
 * submitting thread runs itself (FILCH_FULL_RUN) it is NULL if that is no worker. */
typedef int filch_job_fn(filch_self self, filch_job *job, void *data);

/* Told what has become of a job: why is NULL, or what went wrong; data is NULL if it belongs to a dead
 * letter now. Called once for each job that was
 * accepted, as a task of the pool's runtime; it may wait. A panic in it is a detached task's. */
typedef void filch_job_done_fn(filch_job *job, filch_outcome outcome, const filch_failure *why,
                               void *data);

/* In C++ each field says itself that it is zero, or compilers warn of those that are not named. */
#ifdef __cplusplus
#define FILCH_ZERO = {}
#else
#define FILCH_ZERO
#endif

/* What is particular about a job; zero bytes: nothing. */
typedef struct filch_job_options {
    const char *name FILCH_ZERO;        /* for reports; not copied. Default: "(a job)"; of
                                           FILCH_SUBMIT, FILCH_SUBMIT_AS: the function's */
    unsigned priority FILCH_ZERO;       /* 0, lowest, .. FILCH_PRIORITIES - 1 */
    int64_t timeout FILCH_ZERO;         /* ns from now; 0: the pool's */
    filch_context *context FILCH_ZERO;  /* its context is below this one; NULL: the pool's */
    filch_job_done_fn *done FILCH_ZERO; /* or NULL */
    void (*drop)(void *data)
        FILCH_ZERO; /* gives its data back, when nobody uses it any more; or NULL. A panic in it is
                       a detached task's; it ends the process where no task calls it, by the last
                       release of a handle */
    const filch_retry_policy *retry FILCH_ZERO; /* not copied; NULL: the pool's */
    const char *key FILCH_ZERO; /* copied; while a job with the same one has no outcome, it is
                                   refused: -EEXIST. NULL: none */
    const filch_trace *trace FILCH_ZERO;      /* the job becomes a span below it; NULL: none */
    struct filch_results *results FILCH_ZERO; /* where it goes when `done` has returned
                                                 (<filch/results.h>); NULL: the pool's */
} filch_job_options;

/* What has happened so far. Sums; they are exact when the pool is at rest. */
typedef struct filch_pool_stats {
    uint64_t accepted;                 /* = the sum of outcomes + waiting + in progress */
    uint64_t outcomes[FILCH_OUTCOMES]; /* by filch_outcome */
    uint64_t refused;                  /* submissions that were not accepted */
    uint64_t waiting;                  /* now in the queue */
    uint64_t running;                  /* now in progress */
    uint64_t width;                    /* so many may be; 0: no limit */
    uint64_t grown, shrunk;            /* how often it became wider, narrower, of its own accord */
    uint64_t delayed;                  /* of those waiting: until a permit or a retry is due */
    uint64_t retries;                  /* attempts after the first */
    uint64_t stuck;                    /* of those running */
} filch_pool_stats;

/* Submits fn(self, job, data); options as designated initialisers of filch_job_options. 0 or a
 * negative errno: filch_pool_submit. */
#define FILCH_SUBMIT(pool, fn, data) FILCH_SUBMIT_AS(pool, fn, data, .name = #fn)
#define FILCH_SUBMIT_AS(pool, fn, data, ...)                                                       \
    (__extension__({                                                                               \
        filch_job_options fl_options_ = {__VA_ARGS__};                                             \
        if (!fl_options_.name)                                                                     \
            fl_options_.name = #fn;                                                                \
        filch_pool_submit(NULL, pool, fn, data, &fl_options_, FILCH_FOREVER);                      \
    }))

FILCH_BEGIN_DECLS

/* ---- Life ---- */

/* config may be NULL. On failure *out is untouched. -EINVAL a value that makes no sense, a bad retry policy, workers or
 * bind beside a runtime; -ENOMEM; -EAGAIN, -EMFILE an elastic pool got no thread or file for its
 * timer; what filch_runtime_create says. */
FILCH_API int filch_pool_create(filch_pool **out, const filch_pool_config *config);
/* Closes it, waits until it is at rest, and frees it. -EDEADLK a job of the pool calls, or a task of
 * the pool's own runtime: nothing has happened. NULL is allowed. */
FILCH_API int filch_pool_destroy(filch_pool *pool);

/* Configurations with a runtime of their own, in order of arrival, to which the rest is added. Where
 * the machine cannot be looked at they are those of one core. */
/* Jobs that compute: one worker per core, pinned, and as many jobs in progress. */
FILCH_API filch_pool_config filch_pool_cpu_bound(void);
/* Jobs that wait: 4 per core in progress, 64 per core at the most. By Little's law cores are kept
 * busy by 1 + wait / computation jobs each (B. Goetz, Java Concurrency in Practice, 2006, 8.2): by 4
 * if they wait for three quarters of their time, and those of a service wait for more. Two workers
 * per core, unpinned, since some calls hold their thread whatever one does. */
FILCH_API filch_pool_config filch_pool_io_bound(void);

/* ---- Submission ---- */

/* Accepts a job, or not. If `out` is given, *out is a handle. options may be NULL; the context is
 * held for as long as it is needed. May wait for room until then. -EPIPE the pool is closed; -EAGAIN it is
 * full; -ETIMEDOUT it was full until then; -ECANCELED or another cause: the context was done;
 * -EDEADLK it is full, and the job that submits is the only one that could make room; -EINVAL
 * no function, a priority too high, a negative time, a bad retry policy; -EEXIST its key is taken;
 * -ENOMEM; -EAGAIN, too, no timer. -EPIPE may also say that the results list is closed. A job whose
 * own context is done when it is accepted (a timeout that is over) has its outcome at once. */
FILCH_API int filch_pool_submit(filch_job **out, filch_pool *pool, filch_job_fn *fn, void *data,
                                const filch_job_options *options, int64_t until);
/* Submits count jobs, fn with data[0], data[1], ...; data may be NULL: all have NULL. The same as
 * one after the other, but cheaper: what a submission costs by itself (the lock, a fence, waking
 * somebody) is done once for up to 128 of them. *accepted, if it is given, is how many were accepted,
 * the first so many: all, and 0 is returned; or fewer, and the error of the first that was not, as of
 * filch_pool_submit. Each job that finds no room is treated as `full` says. Up to 128 are made
 * at a time: where they have a timeout, it runs from then on. */
FILCH_API int filch_pool_submit_all(filch_pool *pool, filch_job_fn *fn, void *const data[],
                                    size_t count, const filch_job_options *options, int64_t until,
                                    size_t *accepted);

/* ---- Shutting down. Each may be called again, and by anybody; what a job of the pool calls does
 * not wait for that pool ---- */

/* From now on nothing is accepted; who waits for room gets -EPIPE. What was accepted is done. Does
 * not wait. */
FILCH_API void filch_pool_close(filch_pool *pool);
/* Waits until no accepted job is without an outcome and none is in progress. -ETIMEDOUT; -EDEADLK a
 * job of the pool calls; -EINVAL a negative time; -ENOMEM, -EAGAIN no timer. */
FILCH_API int filch_pool_wait(filch_pool *pool, int64_t until);
/* Closes it, waits until then, and cancels what is not done by that time: 0 all was done; -ETIMEDOUT
 * something was cancelled, and all that was in progress has returned. -EINVAL a negative time: nothing
 * has happened; -ENOMEM, -EAGAIN, -EMFILE no timer: it is closed, and nothing will be cancelled.
 * -EDEADLK a job of the pool calls: it is closed, what is not done by then, the calling job included,
 * will be cancelled, and only the waiting was left out. Of several times the earliest counts. */
FILCH_API int filch_pool_shutdown(filch_pool *pool, int64_t until);
/* Closes it and cancels: what waits has the outcome FILCH_CANCELLED, what is in progress sees its
 * context done. Does not wait. Returns how many had been waiting. */
FILCH_API size_t filch_pool_shutdown_now(filch_pool *pool);

/* ---- Operations ---- */

/* So many in progress at a time, from now on; those above it end. Of an elastic pool: so many at
 * least; it becomes wider at once, and narrower when it has need of no more. Of a direct pool with a
 * runtime of its own: so many workers (filch_runtime_resize). -EINVAL 0, or more than FILCH_WIDTH_MAX,
 * width_max or worker_slots; an adaptive pool, or a direct one that shares its runtime; -ENOMEM;
 * -EAGAIN a thread is refused. */
enum { FILCH_WIDTH_MAX = 1000000 };
FILCH_API int filch_pool_resize(filch_pool *pool, unsigned width);
FILCH_API void filch_pool_stats_read(const filch_pool *pool, filch_pool_stats *out);
/* Shows what filch_pool_stats_read knows, as filch_pool_..., labelled with the pool's name; of a pool
 * that is timed also how long jobs waited and took, in seconds. The pool is the owner: before it is
 * destroyed, filch_metrics_remove(metrics, pool). Errors: as filch_metrics_add; then nothing was added. */
FILCH_API int filch_metrics_add_pool(struct filch_metrics *metrics, filch_pool *pool);

/* ---- Jobs: by who has a handle, or by the job's function ---- */

/* Gives a handle back, which must not be used any more. A second time ends the process, if that is
 * noticed: as long as the memory has not become another job's. NULL is allowed. */
FILCH_API void filch_job_release(filch_job *job);
/* Not 0, and no other of the pool's; counted from 1 in the order of acceptance, but in a direct pool.
 */
FILCH_API uint64_t filch_job_id(const filch_job *job);
/* What it was submitted with. The data is NULL if it belongs to a dead letter now. */
FILCH_API void *filch_job_data(const filch_job *job);
FILCH_API const char *filch_job_name(const filch_job *job);
/* What it has to look at to learn that nobody needs it any more. */
FILCH_API filch_context *filch_job_context(const filch_job *job);
/* Cancels it: out of the queue, or by its context. -EALREADY it has an outcome. */
FILCH_API int filch_job_cancel(filch_job *job);
/* Another priority, while it waits. -EALREADY it does not; -EINVAL too high. */
FILCH_API int filch_job_set_priority(filch_job *job, unsigned priority);
/* How many attempts have begun; 0 also where there are no policies. */
FILCH_API unsigned filch_job_attempts(const filch_job *job);
/* Its span; zero bytes if it was given none. For filch_trace_format, and the jobs that it submits. */
FILCH_API filch_trace filch_job_trace(const filch_job *job);
/* Waits for its outcome: 0 succeeded, -ETIMEDOUT timed out, -ECANCELED cancelled, -ENOBUFS dropped,
 * else what went wrong. -ETIME until then it has none; -EDEADLK the job itself calls. */
FILCH_API int filch_job_wait(filch_job *job, int64_t until);
FILCH_API filch_outcome filch_job_outcome(const filch_job *job);
/* What went wrong; NULL: nothing, or it has no outcome yet. */
FILCH_API const filch_failure *filch_job_failure(const filch_job *job);
/* Makes an empty future (<filch/future.h>) that of its outcome: its value is FILCH_SUCCEEDED, a
 * filch_outcome; any other outcome makes it fail with what went wrong. It is done when filch_job_wait
 * would return. A job may have several; none is a hold of the job. Does not wait. -EALREADY the
 * future is not empty; -EINVAL a job without a handle. */
FILCH_API int filch_job_future(struct filch_future *future, filch_job *job);

FILCH_END_DECLS
#endif
