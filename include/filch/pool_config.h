/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The configuration of a worker pool: its width, queue and order, its timeouts and resilience.
 * Included by <filch/pool.h>.
 *
 *   filch_pool_create(&pool, &(filch_pool_config){.width = 8, .capacity = 100,
 *                                                 .order = FILCH_PRIORITY,
 *                                                 .full = FILCH_FULL_REJECT});
 *
 * A zero field means the default, so a configuration names only the fields that differ. A field
 * that has no effect without another one is refused (-EINVAL; filch_error() names it). Strings and
 * the objects that it points to are not copied, and must live until the pool is destroyed.
 * docs/pools/README.md is the reference.
 * Threads: plain values. Suspends: no. Errors: those of filch_pool_create.
 * Since 0.1.0. */
#ifndef FILCH_POOL_CONFIG_H
#define FILCH_POOL_CONFIG_H
#include <filch/detail/hide_words.h>

#include <filch/adaptive.h>
#include <filch/breaker.h>
#include <filch/context.h>
#include <filch/dead_letters.h>
#include <filch/limiter.h>
#include <filch/retry.h>
#include <filch/runtime.h>
#include <stdbool.h>

struct filch_results;

/* ---- Types ---- */

/* Which job runs next. */
typedef enum filch_pool_order {
    FILCH_ANY,      /* in no particular order. A pool of this order, without a width and with the
                       capacity FILCH_UNLIMITED, is direct: its jobs go straight to the workers'
                       deques */
    FILCH_FIFO,     /* the oldest */
    FILCH_LIFO,     /* the newest */
    FILCH_PRIORITY, /* the highest priority, 0..FILCH_PRIORITIES - 1; of equals the one submitted
                       first, also after filch_job_set_priority. A job that has waited for `aging`
                       counts as one priority higher, so no job waits for ever */
    FILCH_EARLIEST, /* the earliest deadline first (C. L. Liu, J. W. Layland, 1973, section 7);
                       then jobs without one, the oldest first */
    FILCH_ORDERS
} filch_pool_order;

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

/* The treatment of a job that the pool's breaker refuses. */
typedef enum filch_breaker_full {
    FILCH_BREAKER_FULL_HOLD, /* it waits in the queue, and no attempt counts. While the breaker is
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
    const char *name;       /* for reports; default "pool" */
    filch_runtime *runtime; /* runs the jobs; must not be destroyed before the pool (not
                               checked). NULL: a runtime of the pool's own, */
    unsigned workers;       /* with this many workers; default: one per core */
    unsigned width;         /* jobs in progress at a time; default: the number of workers, or no
                               limit for a direct pool */
    size_t capacity;        /* the most jobs that wait beyond the free places; default
                               FILCH_CAPACITY_DEFAULT. FILCH_UNLIMITED, FILCH_RENDEZVOUS */
    filch_pool_order order; /* default: any */
    filch_when_full full;   /* default: wait */
    int64_t aging;          /* ns, default one second; FILCH_PRIORITY only. From one second
                               up, waiting times are measured to 10 ms */
    int64_t timeout;        /* ns from submission, for jobs without a timeout of their own; default:
                               none */
    filch_context *context; /* parent of the contexts of jobs whose options name none */
    bool timed;             /* records waiting and running times, for filch_metrics_add_pool */
    unsigned width_max;     /* elastic: the width varies with demand between `width` (default 1)
                               and this; 0: fixed. docs/pools/README.md, "Growing and shrinking" */
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
    unsigned spares;     /* up to this many stuck jobs do not count towards the width; each is
                            replaced by an extra worker if the runtime is the pool's own */
    filch_stuck_fn *stuck;
    void *stuck_arg;
    unsigned max_workers;          /* for a runtime of the pool's own: the most workers, for
                                      filch_pool_resize of a direct pool; default and minimum:
                                      workers */
    struct filch_results *results; /* for jobs without a results list of their own */
    unsigned cpu_max;    /* for an elastic pool: percent of the CPUs, 1..100, at which it stops
                            growing; half-way from there to 100 it shrinks
                            (docs/pools/README.md); default: not checked */
    int64_t run_timeout; /* ns from the start of each attempt, for jobs without a run_timeout of
                            their own; default: none */
} filch_pool_config;

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

FILCH_END_DECLS
#include <filch/detail/show_words.h>
#endif
