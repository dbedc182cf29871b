/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Worker pools. A pool runs up to `width` jobs at a time and queues up to `capacity` more, in
 * FIFO, LIFO, priority or deadline order. For service authors and students.
 *
 *   static int resize(filch_self self, filch_job *job, void *image) { ... return 0; }
 *
 *   filch_pool *pool;
 *   filch_pool_create(&pool, &(filch_pool_config){.width = 8, .capacity = 100});
 *   FILCH_SUBMIT(pool, resize, image);                      waits while the queue is full
 *   FILCH_SUBMIT_AS(pool, resize, image, .priority = 3, .timeout = FILCH_SECOND, .done = show);
 *   ...
 *   filch_pool_destroy(pool);                               waits for all accepted jobs
 *
 * This header includes the other headers of a pool: <filch/submit.h> for submissions and their
 * options, <filch/job.h> for jobs and their outcomes.
 *
 * Width: the number of jobs in progress at a time, including jobs that wait within their function.
 * A job is a task: it may fork, spawn and wait.
 * Capacity: the number of further jobs that may wait. A job for which a place within the width is
 * free does not count, even if it has not begun yet. So an idle pool accepts width + capacity jobs,
 * like a buffered channel with idle receivers.
 * Outcomes: each accepted job has exactly one (filch_outcome), reported once to `done`.
 * Timeouts: a job's deadline counts its time in the queue, its run timeout only each attempt. At
 * either one, its outcome is fixed and waiters return. A job in progress sees its context done; its
 * data is released only when its function has returned.
 * Life: a pool is created, used, closed and destroyed; filch_pool_destroy waits until it is at
 * rest. A job belongs to the pool, and is freed once its outcome has been reported and its function
 * has returned. The holder of a handle (filch_pool_submit's `out`) releases it with
 * filch_job_release.
 * Threads: any task or thread may call every function, including jobs of the pool.
 * Suspends: filch_pool_destroy, filch_pool_wait, filch_pool_shutdown, and submissions, as
 * <filch/wait.h> says.
 * Errors: 0 or a negative errno; filch_error() says what was wrong and what to do. A NULL pool
 * or job is -EINVAL where a call returns errors, except in filch_pool_destroy; elsewhere it is
 * not allowed.
 * Since 0.1.0. */
#ifndef FILCH_POOL_H
#define FILCH_POOL_H
#include <filch/detail/hide_words.h>

#include <filch/adaptive.h>
#include <filch/breaker.h>
#include <filch/context.h>
#include <filch/dead_letters.h>
#include <filch/job.h>
#include <filch/limiter.h>
#include <filch/retry.h>
#include <filch/runtime.h>
#include <filch/submit.h>
#include <stdbool.h>

struct filch_metrics;
struct filch_results;

/* ---- Configuration ---- */

/* A zero field means the default, so a configuration names only the fields that differ. A field
 * that has no effect without another one is refused (-EINVAL; filch_error() names it). Strings and
 * the objects that it points to are not copied, and must live until the pool is destroyed. */

/* Which job runs next. */
typedef enum filch_pool_order {
    FILCH_ANY,      /* in no particular order. A pool of this order, without a width and with the
                       capacity FILCH_UNLIMITED, is direct: its jobs go straight to the workers'
                       deques */
    FILCH_FIFO,     /* the oldest */
    FILCH_LIFO,     /* the newest */
    FILCH_PRIORITY, /* the highest priority, 0..FILCH_PRIORITIES - 1; of equals the one submitted
                       first, also after filch_job_set_priority. A job that has waited for `aging`
                       counts as one priority higher, so no job waits forever */
    FILCH_EARLIEST, /* the earliest deadline first (C. L. Liu, J. W. Layland, 1973, section 7);
                       then jobs without one, the oldest first */
    FILCH_ORDERS
} filch_pool_order;

/* The number of priorities. */
enum { FILCH_PRIORITIES = 8 };

/* Capacities: the most jobs that may wait, not counting those for which a place within the width is
 * free; delayed jobs always count. Any number, or one of the two below. */
enum { FILCH_CAPACITY_DEFAULT = 65536 };
#define FILCH_UNLIMITED SIZE_MAX /* a queue that grows until memory is used up */
#define FILCH_RENDEZVOUS                                                                           \
    (SIZE_MAX - 1) /* no job waits: a submission returns when a runner is free to take the job */

/* The widest pool. */
enum { FILCH_WIDTH_MAX = 1000000 };

/* Behaviour of a submission when the queue is full. */
typedef enum filch_when_full {
    FILCH_FULL_WAIT,        /* it waits for room, first come first served */
    FILCH_FULL_REJECT,      /* it is refused: -EAGAIN */
    FILCH_FULL_RUN,         /* the job begins at once, beyond the width; the submission returns when
                               the job has an outcome, or at `until` while the job continues */
    FILCH_FULL_DROP_OLDEST, /* to make room, the oldest waiting job without a free place is dropped,
                               or the delayed job that fills the queue */
    FILCH_FULL_DROP_NEWEST, /* the new job is accepted and dropped */
    FILCH_FULL_CHOICES
} filch_when_full;

/* The handling of a job that the pool's breaker refuses. */
typedef enum filch_breaker_full {
    FILCH_BREAKER_FULL_HOLD, /* it waits in the queue; no attempt is counted. While the breaker is
                                not closed the pool lets one job at a time through, as a probe;
                                it tries again after 100 ms at the latest */
    FILCH_BREAKER_FULL_FAIL, /* the attempt fails: -EHOSTDOWN */
    FILCH_BREAKER_FULL_CHOICES
} filch_breaker_full;

/* A stuck job: it has timed out, and its function has not returned. */
typedef struct filch_stuck {
    const char *name; /* the job's */
    uint64_t id;
    int64_t age;       /* ns since it began */
    const char *where; /* the public call in which it waits, without _until or try_:
                          "filch_sleep", ...; for a fork: "the join of a fork"; NULL: it runs */
    void *data;        /* the job's; its function may be using it */
} filch_stuck;

/* Called once per stuck job, by a task of the pool's runtime. A panic here is treated as a
 * detached task's. */
typedef void filch_stuck_fn(const filch_stuck *report, void *arg);

typedef struct filch_pool_config {
    size_t size;            /* sizeof(filch_pool_config), or 0: only the fields of the first
                               release */
    const char *name;       /* for reports; default "(unnamed)" */
    filch_runtime *runtime; /* runs the jobs; must not be destroyed before the pool (not
                               checked). NULL: a runtime of the pool's own, */
    unsigned workers;       /* with this many workers, as in filch_config; default: one per core */
    unsigned width;         /* jobs in progress at a time, at most FILCH_WIDTH_MAX; default: the
                               number of workers, or no limit for a direct pool */
    size_t capacity;        /* the most jobs that wait beyond the free places; default
                               FILCH_CAPACITY_DEFAULT. FILCH_UNLIMITED, FILCH_RENDEZVOUS */
    filch_pool_order order; /* default: any */
    filch_when_full full;   /* default: wait */
    int64_t aging;          /* ns; default one second; only for FILCH_PRIORITY. All times here
                               are 0 or more. From one second up, waiting times are measured to
                               10 ms */
    int64_t timeout;        /* ns from submission, for jobs without a timeout of their own; default:
                               none */
    filch_context *context; /* parent of the contexts of jobs whose options name none */
    bool timed;             /* records waiting and running times, for filch_metrics_add_pool */
    unsigned width_max;     /* elastic: the width varies with demand between `width` (default 1)
                               and this, at most FILCH_WIDTH_MAX; 0: fixed.
                               docs/pools/README.md, "Growing and shrinking" */
    size_t grow_depth;      /* it grows when this many jobs wait (default: the current width), */
    int64_t grow_after;     /* or when the oldest has waited this long; ns, default 1 ms */
    int64_t shrink_after;   /* places idle for this long are removed; ns, default 1 s.
                               FILCH_FOREVER in one of these three disables it */
    int64_t interval;       /* ns between checks while jobs wait; default 10 ms */
    const char *bind;       /* for a runtime of the pool's own, as in filch_config: "auto",
                               "core", ... */
    /* Resilience, none by default. docs/pools/README.md says how they interact. */
    filch_limiter *limiter; /* each attempt takes a permit; no worker is held while it waits */
    filch_breaker *breaker; /* each attempt asks it and reports its result to it */
    filch_breaker_full breaker_full; /* default: hold */
    const filch_retry_policy *retry; /* for jobs without one of their own: a failed or panicked
                                         attempt is repeated from the queue */
    filch_dead_letter_queue
        *dead_letters; /* receives jobs that have failed or panicked for good, with the
                                         last failure of a call, if there was one */
    const filch_adaptive_config *adaptive; /* the width adapts to latency; `width` stays 0 */
    /* Stuck jobs */
    int64_t stuck_after; /* ns after its deadline until a job in progress counts as stuck;
                            default: never */
    unsigned spares;     /* up to this many stuck jobs, 0..256, do not count towards the width;
                            each is replaced by an extra worker if the runtime is the pool's own */
    filch_stuck_fn *stuck;
    void *stuck_arg;
    unsigned max_workers;          /* for a runtime of the pool's own: the most workers, for
                                      filch_pool_resize of a direct pool; default and minimum:
                                      workers */
    struct filch_results *results; /* for jobs without a results list of their own */
    unsigned cpu_max;    /* for an elastic pool: percent of the CPUs, 1..100, at which it stops
                            growing; halfway from there to 100 it shrinks
                            (docs/pools/README.md); default: not checked */
    int64_t run_timeout; /* ns from the start of each attempt, for jobs without a run_timeout of
                            their own; default: none */
    bool blocking;       /* functions of jobs run on threads for blocking calls
                            (<filch/blocking.h>), with their stacks and without a self: for
                            functions that block or are written in another language. A Filch call
                            that waits blocks the thread there, and the job's context does not end
                            it. Up to filch_config.blocking_threads run at a time; without a
                            thread a job fails: -EAGAIN or -ENOMEM */
} filch_pool_config;

/* ---- Statistics ---- */

/* Totals so far; exact when the pool is at rest. */
typedef struct filch_pool_stats {
    uint64_t accepted;                 /* = the sum of outcomes + waiting + in progress */
    uint64_t outcomes[FILCH_OUTCOMES]; /* by filch_outcome */
    uint64_t refused;                  /* submissions that were not accepted */
    uint64_t waiting;                  /* now in the queue */
    uint64_t running;                  /* now in progress */
    uint64_t width;                    /* the current width; 0: no limit */
    uint64_t grown, shrunk;            /* times an elastic pool became wider, narrower */
    uint64_t delayed;                  /* of those waiting: jobs whose permit or retry is not yet
                                          due */
    uint64_t retries;                  /* attempts after the first */
    uint64_t stuck;                    /* of those running */
    uint64_t running_most;             /* the most that were in progress at a time, */
    uint64_t waiting_most; /* and that waited, which may miss up to 128 of a burst; neither counts
                              plain jobs of a direct pool */
    uint64_t held;         /* now: handles that were not released, and jobs that go to a
                                          results list. A number that only grows indicates a
                                          forgotten filch_job_release */
} filch_pool_stats;

FILCH_BEGIN_DECLS

/* ---- Presets. They differ in width and workers; set further fields as needed ---- */

/* Returns a configuration for jobs that compute: a runtime of the pool's own with one worker per
 * core, bound by "auto", and the same number of jobs in progress. If the topology cannot be read,
 * it assumes one core. Any task or thread; does not wait. */
FILCH_API filch_pool_config filch_pool_cpu_bound(void);

/* Returns a configuration for jobs that wait: 4 in progress per core, and at most 64 per core. By
 * Little's law 1 + wait / computation jobs keep a core busy (B. Goetz, Java Concurrency in
 * Practice, 2006, 8.2): 4 if they wait for three quarters of their time, and jobs of services wait
 * longer. Two workers per core, unpinned, since some calls always hold their thread. If the
 * topology cannot be read, it assumes one core. Any task or thread; does not wait. */
FILCH_API filch_pool_config filch_pool_io_bound(void);

/* ---- Life ---- */

/* Creates a pool. config may be NULL: all defaults. On failure *out is untouched. Does not wait.
 * Errors: -EINVAL (out is NULL, a field is out of range, the retry policy is invalid, or workers or
 * bind is set together with a runtime: correct it). -EINVAL also for a field that has no effect,
 * such as aging in the order FILCH_FIFO: leave it out, or set the field that it needs. -ENOMEM
 * (free some memory). An elastic pool also returns -EAGAIN or -EMFILE (no thread or file for its
 * timer: raise the process's limits). Other errors are those of filch_runtime_create. */
FILCH_API int filch_pool_create(filch_pool **out, const filch_pool_config *config);

/* Closes the pool, waits until it is at rest, and frees it, with its runtime if that is its own.
 * NULL is allowed. Suspends. Error: -EDEADLK (called by a job of the pool or a task of its own
 * runtime; nothing has happened: close the pool there, and destroy it outside). */
FILCH_API int filch_pool_destroy(filch_pool *pool);

/* ---- Shutting down. Calls may be repeated. One by a job of the pool does not wait for it ---- */

/* Stops accepting jobs; submitters that wait for room get -EPIPE. Accepted jobs still run. Does
 * not wait. */
FILCH_API void filch_pool_close(filch_pool *pool);

/* Waits until `until` for every accepted job to have an outcome and none to be in progress.
 * Suspends. Errors: -ETIMEDOUT (jobs are left: call again); -EDEADLK (called by a job of the pool:
 * let it return); -EINVAL (no pool, or a negative time); -ENOMEM or -EAGAIN (no timer: wait with
 * FILCH_FOREVER). */
FILCH_API int filch_pool_wait(filch_pool *pool, int64_t until);

/* Closes the pool, waits until `until`, then cancels unfinished jobs. Returns 0 if all finished,
 * or -ETIMEDOUT if some were cancelled and all that were in progress have returned. If several
 * calls give a time, the earliest counts. Suspends.
 * Errors: -EINVAL (no pool, or a negative time; nothing has happened); -ENOMEM, -EAGAIN or -EMFILE
 * (no timer; the pool is closed and nothing will be cancelled: call filch_pool_shutdown_now).
 * -EDEADLK (called by a job of the pool): the pool is closed and jobs unfinished at `until`, the
 * caller included, will be cancelled; only the wait is left out. */
FILCH_API int filch_pool_shutdown(filch_pool *pool, int64_t until);

/* Closes the pool and cancels its jobs: waiting jobs get the outcome FILCH_CANCELLED; jobs in
 * progress see their context done. Does not wait. Returns the number of cancelled waiting jobs, as
 * filch_pool_cancel_waiting does. */
FILCH_API size_t filch_pool_shutdown_now(filch_pool *pool);

/* ---- Operations ---- */

/* Cancels waiting jobs, including delayed ones, and leaves running ones alone: each waiting job
 * gets the outcome FILCH_CANCELLED, and its function is not called. filch_job_attempts
 * distinguishes a job that never began (0) from one that waited for a retry. The pool stays open:
 * jobs submitted later run, and so do those of submitters that wait for the room that the
 * cancelled jobs leave. Does not wait. Returns the number of cancelled jobs.
 * In a direct pool a plain job (no handle, done, drop, timeout, ...) is cancelled when a worker
 * takes it. The number may then include plain jobs that begin during the call, and those cancelled
 * by an earlier call that no worker has taken. */
FILCH_API size_t filch_pool_cancel_waiting(filch_pool *pool);

/* Sets the number of jobs in progress at a time, 1..FILCH_WIDTH_MAX; jobs beyond it continue to
 * their end. In an elastic pool it is the minimum: the pool widens at once, and shrinks when demand
 * drops. In a direct pool with its own runtime it is the number of workers (filch_runtime_resize).
 * Does not wait.
 * Errors: -EINVAL (0, or more than FILCH_WIDTH_MAX, width_max or max_workers); -EINVAL also for an
 * adaptive pool, and for a direct one that shares its runtime. -ENOMEM (the width is unchanged:
 * free some memory); -EAGAIN (a thread could not be created: raise the process's limit). */
FILCH_API int filch_pool_resize(filch_pool *pool, unsigned width);

/* Sets how many jobs may wait beyond the free places: a number, FILCH_UNLIMITED or
 * FILCH_RENDEZVOUS. A larger number admits submitters that wait for room. With a smaller one,
 * waiting jobs stay, and none is admitted until fewer wait. Does not wait. Error: -EINVAL (no pool,
 * 0, or a direct pool, which has no queue: create it with an order, a width or a capacity). */
FILCH_API int filch_pool_set_capacity(filch_pool *pool, size_t capacity);

/* ---- Queries ---- */

/* Fills the first `size` bytes of *out; size is the caller's sizeof *out. Does not wait. */
FILCH_API void filch_pool_stats_read(const filch_pool *pool, filch_pool_stats *out, size_t size);

/* Publishes the pool's statistics as filch_pool_..., labelled with its name. Each
 * filch_metrics_write reads them once. A timed pool also publishes waiting and running times, in
 * seconds. The pool is the owner: call filch_metrics_remove(metrics, pool) before destroying it.
 * Suspends only if it fails, until no reader uses the metrics that it had added.
 * Errors: as filch_metrics_add; nothing is added then. */
FILCH_API int filch_metrics_add_pool(struct filch_metrics *metrics, filch_pool *pool);

/* The same, with the times of a timed pool as histograms instead of summaries. All have the
 * default bounds of filch_metric.marks (10 us to 10 s), so Prometheus can add up histograms of
 * several pools and processes, which it cannot do with quantiles. Further errors: -EINVAL (a pool
 * of this registry uses the other form). */
FILCH_API int filch_metrics_add_pool_histograms(struct filch_metrics *metrics, filch_pool *pool);

FILCH_END_DECLS
#include <filch/detail/show_words.h>
#endif
