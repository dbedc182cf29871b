/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A pool from within. Jobs that wait stand in the pool's queue (runtime/pool/order.h); runners, as many
 * as the pool is wide, take one at a time. A runner is a task of the runtime that ends when nothing
 * waits, and is started anew by the next submission; so a pool at rest holds no fiber, and a job that
 * waits within its function holds its runner and nobody else.
 *
 * A pool of no order and no bounds is direct: it has no queue and no runners, its jobs go straight to
 * the workers (runtime/pool/direct.h).
 *
 * One lock protects all of a pool and the state of its jobs; nobody's function is called under it.
 *
 *   job->stage   NEW -> WAITING (in the queue) -> RUNNING -> ENDED (its function has returned, or will
 *                never be called); RUNNING -> DELAYED (until a time: runtime/pool/attempt.h) -> WAITING;
 *                NEW -> ENDED (its context was done before its acceptance, or it is dropped then)
 *   job->outcome UNDECIDED -> one of the others, by whoever is first: the runner when the function
 *                returns, the keeper at the deadline, a canceller, a submission that drops it
 *
 * A job with a context of its own watches it, from its acceptance until its function has returned: a
 * waiter in the context's queue that is not resumed but called, by whoever cancels the context, the
 * keeper if it was its deadline. If the context is done by then, the job has its outcome with its
 * acceptance, and does not come into the queue: no runner would have to be waited for.
 *
 * Life: a job is held by its function (until it is ENDED), by its errands, and by handles: `refs`. Who
 * decides about a job that waits starts a task that tells `done`, and hands it the function's hold.
 * What will still touch the pool is counted: jobs waiting and running, runners that are active,
 * submitters that wait, errands (runtime/pool/errand.h), and plain direct jobs. The pool is at rest
 * when all are zero. filch_pool_destroy waits for that, stops the pool's alarms (until then jobs may
 * need a wider pool, or a permit), and waits again: a pool whose alarms were stopped is not at rest
 * before the last of their tasks has answered. A handle then holds no more than the memory, by
 * pool->refs. Whoever counts the last of them down does so under the lock, and does not touch the pool
 * after unlocking it: who waits for rest takes the lock as well.
 *
 * Edges:
 *   B4 drop: add -1 to refs of a job, acq_rel   -> B4 of the last; it sees what the others did
 *   B5 leave: add -1 to refs of a pool, acq_rel  -> B5 of the last; it sees what the others did
 * All else is under the lock. Locks: the pool's before that of a context. */
#ifndef FL_POOL_H
#define FL_POOL_H

#include <filch/metrics.h>
#include <filch/pool.h>
#include <runtime/core/worker.h>
#include <runtime/policy/aimd.h>
#include <runtime/pool/attempt.h>
#include <runtime/pool/direct.h>
#include <runtime/pool/elastic.h>
#include <runtime/pool/errand.h>
#include <runtime/pool/gate.h>
#include <runtime/pool/stuck.h>
#include <runtime/sync/alarm.h>
#include <runtime/sync/cancellation.h>
#include <runtime/sync/line.h>

#include <errno.h>

enum fl_stage { FL_JOB_NEW, FL_JOB_WAITING, FL_JOB_RUNNING, FL_JOB_DELAYED, FL_JOB_ENDED };

typedef struct fl_place_in_row {
    filch_job *next, *previous;
} fl_place_in_row;

typedef struct fl_row {
    filch_job *first, *last;
} fl_row;

/* What few jobs need. */
typedef struct fl_job_more {
    filch_job_options options;
    filch_failure failure;  /* with the outcome */
    filch_waiters waiters;  /* for the outcome; under the pool's lock */
    filch_context *context; /* its own, or NULL: the pool's */
    fl_waiter watcher;      /* of that, */
    fl_node watch;          /* in its queue */
    fl_errand after;        /* that the watcher starts */
    fl_errand start;        /* of a direct pool: runs it */
    filch_job *job;
    filch_job *next_result; /* in a results list */
    bool watched;
    bool tells;    /* the watcher decided, and its task tells `done` */
    bool settling; /* its runner is about to decide, and nobody else may */
    bool keyed;    /* the key is its own */
    bool beyond;   /* the width: its submitter waits for it */
    char *key;     /* a copy, or NULL */
    filch_trace trace;
    fl_attempts attempts;
    fl_overdue overdue;
} fl_job_more;

/* A slim one is no more than its first line, which is all that a plain job of a direct pool needs: who
 * submits it writes one cache line, and the worker that runs it reads no other. */
struct filch_job {
    union {
        fl_job item; /* the task that runs it, or tells `done`: always a part (fl_job_be_part) */
        struct {
            fl_place_in_row age; /* in the queue; later in the row of those in progress */
            const char *name;
            uint64_t id;
            enum fl_job_kind kind;
            uint8_t stage, outcome, priority;
            bool slim;
        };
    };
    filch_pool *pool;
    filch_job_fn *fn;
    void *data;
    fl_job_more *more; /* or NULL; the second line begins: see fl_more */
    int64_t since;     /* when it was accepted; of a timed pool, later when it began */
    filch_u32 refs;
    bool dated; /* stands by its deadline */
    union {
        fl_place_in_row level;
        fl_timed deadline;
    } by; /* in the queue */
};
FILCH_STATIC_ASSERT(offsetof(struct filch_job, more) == FL_CELL_LINE, "a slim job is a line");
FILCH_STATIC_ASSERT(offsetof(struct filch_job, kind) == offsetof(fl_job, kind), "it is the item's");
FILCH_STATIC_ASSERT(offsetof(struct filch_job, name) == offsetof(fl_job, as) + sizeof(fl_job_fn *),
                    "a part leaves the other words alone");
FILCH_STATIC_ASSERT(sizeof(struct filch_job) <= FL_CELL_POOL_JOB, "a cell holds a job");

static inline fl_job_more *fl_more(const filch_job *job)
{
    return job->slim ? NULL : job->more;
}

enum { FL_SPARES_MOST = 256 };

typedef struct fl_runner {
    fl_job item; /* first */
    struct fl_runner *next, *made_before;
    filch_pool *pool;
} fl_runner;

/* The pool's tasks that come at a time; what an alarm is for is made by who has need of it. */
enum fl_pool_alarm {
    FL_ALARM_MONITOR,  /* of the width: runtime/pool/elastic.h */
    FL_ALARM_GATE,     /* the next permit is due: runtime/pool/gate.h */
    FL_ALARM_SHUTDOWN, /* that a job of the pool has called for, and does not wait for */
    FL_POOL_ALARMS
};

struct filch_pool {
    filch_pool_config config;
    filch_runtime *rt;
    filch_context *context;
    filch_distribution *waits, *runs; /* ns; NULL: it is not timed */
    filch_u32 closed; /* set under the lock, before the heavy fence of runtime/pool/direct.h */
    fl_direct direct;
    char apart[FILCH_APART]; /* above: hardly ever written */
    filch_u32 refs;
    fl_line room; /* who waits for room (fl_submitter); its lock is that of all below */
    fl_row by_age;
    fl_row level[FILCH_PRIORITIES];
    fl_timer_heap by_deadline;
    fl_row in_progress, delayed;
    void *keys;               /* the jobs that have one, a tree (tsearch) */
    fl_aimd aimd;             /* of an adaptive pool */
    fl_runner *idle, *newest; /* those that have nothing to do; all */
    unsigned made, active;    /* runners: in existence, with something to do */
    unsigned workers, spares; /* of its own runtime at first; for stuck jobs, in use */
    unsigned excused;         /* stuck jobs with a spare that would count for the width */
    uint64_t errands;
    filch_pool_stats stats;
    fl_elastic elastic;
    fl_gate gate;
    fl_alarm alarms[FL_POOL_ALARMS];
    uint64_t settled;      /* plain jobs of a direct pool */
    unsigned stranded;     /* jobs of this pool that wait for room */
    filch_waiters resting; /* who waits for rest */
};

typedef struct fl_submitter {
    filch_job *job;
    bool inside; /* it is a job of the pool itself */
    bool told;   /* there is room for it, or never will be */
} fl_submitter;

/* ---- The lock. What has to be done when it is free is collected under it ---- */

typedef struct fl_after {
    fl_node *told; /* who is told `code` */
    int code;
    fl_job *started;  /* by `next` of their nodes: runners, direct jobs */
    filch_job *apart; /* of which jobs `done` is told by a task */
} fl_after;

/* Unlocks, and does that; tells who waits for rest, if that has come. The last touch of the pool. */
void fl_pool_leave(filch_pool *pool, const fl_after *after);

/* ---- Under the lock ---- */

static inline bool fl_pool_alarms_are_silent(const filch_pool *pool)
{
    bool silent = true;
    for (unsigned i = 0; i < FL_POOL_ALARMS; i++)
        silent &= !fl_alarm_dies_away(&pool->alarms[i]);
    return silent;
}
static inline bool fl_pool_at_rest(const filch_pool *pool)
{
    return !pool->stats.waiting && !pool->stats.running && !pool->active && !pool->room.inside &&
           !pool->errands && fl_direct_at_rest(&pool->direct, pool->settled) &&
           fl_pool_alarms_are_silent(pool);
}
/* Is there a runner too many, or (by 1) room for another? */
static inline bool fl_pool_is_full(const filch_pool *pool, unsigned by)
{
    return pool->active + by > pool->stats.width + pool->excused;
}
static inline void fl_after_start(fl_after *after, fl_job *item)
{
    item->node.next = after->started ? &after->started->node : NULL;
    after->started = item;
}
/* A submitter does not wait any more. */
static inline void fl_submitter_told(filch_pool *pool, fl_submitter *one)
{
    one->told = true;
    pool->stranded -= one->inside;
}
bool fl_pool_has_room(const filch_pool *pool);
/* A job that is new, into the queue. */
void fl_pool_take_in(filch_pool *pool, filch_job *job, fl_after *after);
/* One that has been accepted. */
void fl_pool_queue(filch_pool *pool, filch_job *job, fl_after *after);
/* One that is accepted is run beyond the width. */
void fl_pool_run_beyond(filch_pool *pool, filch_job *job, fl_after *after);
/* Those who wait for room, as far as there is some. */
void fl_pool_admit(filch_pool *pool, fl_after *after);
/* One more runner, if the pool is not as wide as it may be. */
void fl_pool_rouse(filch_pool *pool, fl_after *after);
/* So wide from now on; runners for it have been made. */
void fl_pool_set_width(filch_pool *pool, unsigned width, fl_after *after);
/* It is accepted: an id, its watch. false: its context is done, and it has its outcome. */
bool fl_job_accept(filch_job *job, fl_after *after);
/* It is in progress. */
void fl_job_begin(filch_job *job);
/* Decides, unless that is done: false. A job that is new or waits never begins. */
bool fl_job_decide(filch_job *job, filch_outcome outcome, const filch_failure *why,
                   fl_after *after);

/* The key is its own from now on; -EEXIST, or -ENOMEM through fl_fail. */
int fl_key_take(filch_job *job);
void fl_key_leave(filch_job *job);

/* Its own runtime has so many workers, and so many more for stuck jobs. Else what it had, and what
 * filch_runtime_resize says. */
int fl_workers_make(filch_pool *pool, unsigned workers, unsigned spares);

/* ---- No lock ---- */

/* Nothing is particular about it: it has no fl_job_more. */
bool fl_job_is_plain(const filch_pool *pool, const filch_job_options *options, bool handle);
/* What one of them consists of, but for id, since, refs and more. */
static inline void fl_job_fill(filch_job *job, filch_pool *pool, filch_job_fn *fn, void *data,
                               const filch_job_options *options)
{
    job->pool = pool;
    job->fn = fn;
    job->data = data;
    job->name = options->name ? options->name : "(a job)";
    job->priority = (uint8_t)options->priority;
    job->stage = FL_JOB_NEW;
    job->outcome = FILCH_UNDECIDED;
}
/* The calling fiber has to do with this one until fiber->pooled is NULL again. */
static inline void fl_job_comes_to(fl_fiber *fiber, filch_job *job)
{
    fiber->pooled = job;
    fiber->pooled_name = job->name;
    fiber->pooled_in = job->pool->config.name;
}
/* Why it need not go on: a negative errno, or 0. */
int fl_job_cause(const filch_job *job);
/* What has become of one whose context was done for that cause before it came to an end. */
static inline filch_outcome fl_outcome_of_cause(int cause)
{
    return cause == -ETIMEDOUT ? FILCH_TIMED_OUT : FILCH_CANCELLED;
}
/* Calls its function. Why it has not succeeded; code 0: what is said of such outcomes. */
filch_outcome fl_job_run(filch_self self, filch_job *job, filch_failure *why);
/* How long it has been since job->since, which is now after that; NULL: nothing. */
void fl_job_record(filch_distribution *distribution, filch_job *job);

/* What is wrong with a submission, or why it would be in vain. */
int fl_jobs_check(const filch_pool *pool, filch_job_fn *fn, const filch_job_options *options,
                  int64_t until);
/* Into the queue; when that is full, as the pool does then. The first *accepted are not the caller's
 * any more; it was 0. Else the error of the next. */
int fl_jobs_submit(filch_pool *pool, filch_job *const *jobs, unsigned count, int64_t until,
                   unsigned *accepted);
void fl_pool_drop(filch_pool *pool);
/* Up to so many runners in all. -ENOMEM through fl_fail: there are fewer. */
int fl_runners_make(filch_pool *pool, unsigned count);
/* options is not NULL. -ENOMEM, -EAGAIN through fl_fail. */
int fl_job_make(filch_job **out, filch_pool *pool, filch_job_fn *fn, void *data,
                const filch_job_options *options, bool handle);
void fl_job_unmake(filch_job *job);
/* It was not accepted: its key is free again, and it is unmade. */
void fl_job_give_up(filch_job *job);
/* `done` of it, if there is one. */
void fl_job_tell(filch_self self, filch_job *job);
/* Its context is no matter any more. */
void fl_job_unwatch(filch_job *job);
/* `done` of a job that was decided while it waited. */
void fl_job_tell_apart(filch_job *job);
/* Runs one that is in progress, and ends it. */
void fl_job_perform(filch_self self, filch_job *job);
/* The job of the pool that the calling task is; NULL: of none. */
filch_job *fl_job_here(const filch_pool *pool);
void fl_job_drop(filch_job *job);

#endif
