/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A pool of jobs, as its files see it: the parts of a job, the pool, its lock, calls under it. */
#ifndef FL_POOL_H
#define FL_POOL_H

#include <filch/metrics.h>
#include <filch/pool.h>
#include <runtime/engine/fiber.h>
#include <runtime/engine/inbox.h>
#include <runtime/engine/observe/page_writer.h>
#include <runtime/engine/worker.h>
#include <runtime/platform/clock.h>
#include <runtime/platform/error.h>
#include <runtime/platform/lock.h>
#include <runtime/platform/memory/cells.h>
#include <runtime/platform/memory/prefetch.h>
#include <runtime/platform/users.h>
#include <runtime/pool/callbacks.h>
#include <runtime/pool/deadlines.h>
#include <runtime/pool/direct.h>
#include <runtime/pool/elastic.h>
#include <runtime/pool/gate.h>
#include <runtime/pool/intake.h>
#include <runtime/pool/order.h>
#include <runtime/pool/run_job.h>
#include <runtime/pool/runner.h>
#include <runtime/pool/shutdown.h>
#include <runtime/pool/slot_numbers.h>
#include <runtime/sync/cancellation.h>
#include <runtime/sync/object_timer.h>
#include <runtime/sync/timer_heap.h>
#include <runtime/sync/wait.h>
#include <sched/assert.h>

#include <errno.h>

/* ---- The parts of a job ---- */

/* Parts of a job: one cell, and structures that are allocated when they are needed. The pool,
 * below, has the access rules, and the edges ShowRare, ReadRare, and ReadSuccess. */

enum fl_stage { FL_JOB_NEW, FL_JOB_WAITING, FL_JOB_RUNNING, FL_JOB_DELAYED, FL_JOB_ENDED };

/* Of jobs with attempts, or that may be stuck. */
typedef struct fl_job_trials {
    fl_attempts attempts;
    fl_overdue overdue;
    fl_pending_callback start; /* of a direct pool: runs it, after a delay again */
} fl_job_trials;

/* Of jobs whose own context was asked for, and of those with a key, a trace or trials. */
typedef struct fl_job_rare {
    filch_ptr context;         /* its own; NULL: nobody has asked for it */
    fl_waiter watcher;         /* of that, */
    fl_node watch;             /* in its queue */
    fl_pending_callback after; /* that the watcher starts */
    filch_job *job;
    fl_job_trials *trials; /* or NULL */
    filch_traceparent trace;
    int64_t run_timeout; /* its own; 0: the pool's */
    bool watched;
    bool tells;   /* the watcher decided, and its task tells `done` */
    bool has_key; /* a copy of it is in `key`, */
    bool keyed;   /* and no other job may have it */
    char key[];
} fl_job_rare;

/* In `cause` of a job that has succeeded: reading its outcome needs no lock. */
#define FL_SUCCEEDED (UINT32_C(1) << 31)

/* Of jobs that are not plain. */
typedef struct fl_job_more {
    filch_job_done_fn *done; /* these three: its options, or NULL */
    void (*drop)(void *data);
    struct filch_results *results;
    union {
        fl_timed due;           /* until it has an outcome: among the pool's dues, */
        filch_job *next_result; /* then in a results list */
    } in;
    int64_t deadline;       /* or FILCH_FOREVER; never changes */
    filch_waiters waiters;  /* for the outcome; under the pool's lock */
    filch_ptr rare;         /* fl_job_rare, or NULL; set once, under the pool's lock */
    filch_failure *failure; /* with the outcome; NULL: `code` says all, or nobody has asked */
    filch_u32 cause;        /* the errno for which it need not go on, 0: none; and FL_SUCCEEDED */
    int16_t code;           /* of its failure */
    bool late : 1;         /* its deadline has decided, and its runner tells that; under the lock */
    bool handle : 1;       /* it was submitted with one */
    bool overran : 1;      /* its run_timeout has decided, before its deadline; under the lock */
    bool after_return : 1; /* its outcome is told when its function has returned, not before */
} fl_job_more;

/* A slim job consists of the first line only: a plain job of a pool without dates needs no more. Its
 * submitter writes one cache line, and the worker that runs it reads no other. */
struct filch_job {
    union {
        fl_work_item
            item; /* the task that runs it, or tells `done`: always a part (fl_work_item_be_part) */
        struct {
            fl_place_in_row age; /* in the queue; later in the row of those in progress */
            const char *name;
            uint64_t id; /* of a job in the intake: not yet */
            enum fl_work_item_kind kind;
            uint8_t stage, outcome, priority;
            bool slim;
        };
    };
    filch_pool *pool;
    filch_job_fn *fn;
    void *data;
    fl_job_more *more; /* or NULL; the second line begins: see fl_more */
    int64_t since;     /* in a pool with `dates`: when it was accepted, later when it began */
    filch_u32 refs;
    bool dated;    /* stands by its deadline */
    bool own;      /* it has, or may have, a context of its own; never changes */
    bool beyond;   /* the width: its submitter waits for it */
    bool settling; /* its runner alone is about to decide */
    union {
        fl_timed deadline;
        fl_pending_callback *start; /* of a direct pool, for a job without trials; then NULL */
        uint32_t place; /* in progress: 1 + its place number; 0: nobody has asked for it */
    } by;               /* in the queue */
};
FILCH_STATIC_ASSERT(offsetof(struct filch_job, more) == FL_CELL_LINE, "a slim job is a line");
FILCH_STATIC_ASSERT(offsetof(struct filch_job, kind) == offsetof(fl_work_item, kind),
                    "it is the item's");
FILCH_STATIC_ASSERT(offsetof(struct filch_job, name) ==
                        offsetof(fl_work_item, as) + sizeof(fl_work_item_fn *),
                    "a part leaves the other words alone");
FILCH_STATIC_ASSERT(sizeof(struct filch_job) <= FL_CELL_POOL_JOB, "a cell holds a job");

/* The cell of a job that is not plain. */
typedef struct fl_full_job {
    filch_job job;
    fl_job_more more;
} fl_full_job;
FILCH_STATIC_ASSERT(sizeof(fl_full_job) <= FL_CELL_FULL_JOB, "a cell holds a full job");

static inline fl_job_more *fl_more(const filch_job *job)
{
    return job->slim ? NULL : job->more;
}
static inline bool fl_is_beyond(const filch_job *job)
{
    return !job->slim && job->beyond;
}
/* Of a job in progress: 1 + its place number; 0: nobody has asked for it. A slim job in
 * progress is in no row, so `age.next` holds the number. */
static inline uint32_t fl_place_number(const filch_job *job)
{
    return job->slim ? (uint32_t)(uintptr_t)job->age.next : job->by.place;
}
static inline void fl_set_place_number(filch_job *job, uint32_t number)
{
    if (job->slim)
        job->age.next = (filch_job *)(uintptr_t)number;
    else
        job->by.place = number;
}
static inline bool fl_has_succeeded(const filch_job *job)
{
    const fl_job_more *more = fl_more(job);
    return more && filch_u32_load(&more->cause, FILCH_ACQUIRE) & FL_SUCCEEDED; /* ReadSuccess */
}
static inline fl_job_rare *fl_rare(const filch_job *job)
{
    return fl_more(job) ? filch_ptr_load(&job->more->rare, FILCH_ACQUIRE) : NULL; /* ReadRare */
}
/* Its own; NULL: nobody has asked for it yet. */
static inline filch_context *fl_context_of(const filch_job *job)
{
    const fl_job_rare *rare = fl_rare(job);
    return rare ? filch_ptr_load(&rare->context, FILCH_ACQUIRE) : NULL; /* ReadRare */
}
/* Of a job that has them from its creation on. */
static inline fl_job_trials *fl_trials(const filch_job *job)
{
    fl_job_rare *rare = fl_rare(job);
    return rare ? rare->trials : NULL;
}

/* ---- Uses ---- */

/* A pool as the user of the objects that its configuration names (runtime/platform/users.h), from
 * its creation to the end of its destruction. A results list counts its pools itself
 * (runtime/pool/results.h). */

enum { FL_POOL_USES = 3 }; /* a limiter, a breaker, dead letters */

void fl_uses_begin(filch_pool *pool);
void fl_uses_end(filch_pool *pool);

/* ---- Pool ---- */

/* A pool, internal part. Waiting jobs stand in the pool's queue (runtime/pool/order.h); up to
 * `width` runners take one at a time. A runner is a task of the runtime that ends when no job
 * waits; the next submission starts it anew. So a pool at rest holds no fiber, and a job that waits
 * within its function holds only its runner.
 *
 * A pool with no order, unlimited capacity and no given width is direct: it has no queue and no
 * runners; its jobs go straight to the workers (runtime/pool/direct.h).
 *
 * A job without a deadline, a context, a key or a results list may be accepted without the lock
 * (runtime/pool/intake.h). A runner ends its job and
 * takes the next under one lock. Runners are started one after another: while one is on its way, a
 * submission starts no other; when that one takes a job and more wait, it starts the next. So while
 * jobs wait, the pool is as wide as it may be, or becomes wider.
 *
 * One lock protects all else of a pool and the state of its jobs; no user's function is called
 * under it.
 *
 *   job->stage   NEW (also in the intake) -> WAITING (in the queue) -> RUNNING -> ENDED (its
 *                function has returned, or will never be called); RUNNING -> DELAYED (until a time:
 *                runtime/pool/run_job.h) -> WAITING;
 *                NEW -> ENDED (its context was done before its acceptance, or it is dropped then);
 *                NEW, DELAYED -> RUNNING (beyond the width, or plain in a direct pool);
 *                WAITING, DELAYED -> ENDED (it was decided before it could begin)
 *   job->outcome UNDECIDED -> one of the others, by the first of: the runner when the function
 *                returns, the timer thread at the deadline, a canceller, a submission that drops it
 *
 * A waiting job is one cell: struct filch_job, and fl_job_more if it needs more. The rest is
 * allocated when it is needed (fl_job_rare, fl_job_trials, its failure), so a long queue stays
 * small.
 *
 * A job's own context is created at the first request (runtime/pool/job.c), or with the job
 * if its options name a parent. Until then its deadline is an entry of the pool's row `dues`
 * (runtime/pool/deadlines.c), filch_job_cancel sets more->cause, and one waiter of the pool watches
 * the pool's context for all jobs. A job with a run timeout is an entry of `run_dues` instead, for
 * both of its deadlines and also when it has a context. From its creation on the job watches its
 * own context instead, until its function has returned: a waiter in the context's queue that is not
 * resumed but called, by the thread that cancels the context. A job whose deadline or context is
 * over when it is accepted has its outcome at once, and does not enter the queue: it need not wait
 * for a runner.
 *
 * Life: a job is held by its function (until it is ENDED), by its pending callbacks, and by
 * handles: `refs`. Its function's hold may end after the pool, if the job is quiet
 * (runtime/pool/run_job.c). The thread that decides about a waiting job starts a task that tells
 * `done`, and hands it the function's hold. The pool counts all that will still touch it: waiting
 * and running jobs, active runners, waiting submitters, pending callbacks
 * (runtime/pool/callbacks.h), and plain direct jobs. The pool is at rest when all are zero.
 * filch_pool_destroy waits for that, and stops the pool's alarms (until then jobs may need a wider
 * pool, or a permit). Then it waits again: a pool whose alarms were stopped is not at rest before
 * the last of their tasks has answered. The thread that brings these counts to zero does so under
 * the lock, and does not touch the pool after unlocking it: a thread that waits for rest takes the
 * lock as well. From then on handles and jobs in results lists hold only the pool's memory. They
 * are counted in pool->rest.handed when their jobs are numbered, under the lock, so a job without
 * them holds nothing of its pool. pool->refs counts them down when they are released, from
 * FL_POOL_OPEN, which no number of releases uses up. Destruction adds pool->rest.handed, now final,
 * and takes FL_POOL_OPEN away; the last to count frees the pool.
 *
 * Edges:
 *   DropJob: add -1 to refs of a job, acq_rel       -> DropJob of the last; it sees what the
 *                                                      others did
 *   LeavePool: add to refs of a pool, acq_rel       -> LeavePool of the last; it sees what the
 *                                                      others did
 *   SetCause: store cause, release                  -> ReadCause: load cause, acquire; the
 *                                                      runner sees why
 *   SetSuccess: store cause, release                -> ReadSuccess: load cause, acquire; waiters
 *                                                      see its writes
 *   ShowRare: store rare, release                   -> ReadRare: load rare, acquire; its
 *                                                      contents are there, but for a context
 *                                                      that is stored later: release, loaded
 *                                                      acquire
 * All else is under the lock. Locks: the pool's before that of a context. */

#define FL_POOL_OPEN (UINT64_C(1) << 62)

/* The pool's tasks that start at a given time; each alarm is made by the code that needs it. */
enum fl_pool_alarm {
    FL_ALARM_MONITOR,  /* of the width: runtime/pool/elastic.h */
    FL_ALARM_GATE,     /* the next permit is due: runtime/pool/gate.h */
    FL_ALARM_SHUTDOWN, /* requested by a job of the pool that does not wait for it */
    FL_ALARM_DUE,      /* the earliest deadline of `dues`; the timer thread's call */
    FL_POOL_ALARMS
};

/* How exactly a job's `since` is known. */
enum fl_dates {
    FL_DATES_NONE,
    FL_DATES_COARSE, /* to a step of the coarse clock: only aging depends on it, in units of a
                      * second or more */
    FL_DATES_EXACT
};

struct filch_pool {
    filch_pool_config config;
    filch_runtime *rt;
    filch_context *context;
    uint32_t life;                    /* runtime/platform/given.h */
    bool all_extra;                   /* no job is plain: the configuration says so */
    filch_distribution *waits, *runs; /* ns; NULL: it is not timed */
    enum fl_dates dates;
    enum fl_cells cells; /* of its plain jobs; FL_CELLS_LINES: they are slim */
    filch_u32 closed;    /* set under the lock, before the heavy fence of runtime/pool/direct.h */
    fl_direct direct;
    char apart[FILCH_APART]; /* above: hardly ever written */
    fl_intake intake;
    char intake_apart[FILCH_APART];
    filch_u64 refs; /* FL_POOL_OPEN less handles released; later those still held */
    char handles_apart[FILCH_APART];
    /* From here to the first fields of `rest`: those that each job changes, on as few cache lines
     * as possible. The lock of `queue.room` is that of all below. */
    fl_job_queue queue;
    fl_pool_runners runners;
    filch_pool_stats stats;
    fl_pool_rest rest;
    fl_pool_deadlines deadlines;
    fl_pool_order order;
    fl_places places; /* of those in progress that asked for one */
    void *keys;       /* the jobs that have one, a tree (tsearch) */
    fl_pool_width width;
    fl_share_pool shared; /* with filch top */
    fl_gate gate;
    fl_alarm alarms[FL_POOL_ALARMS];
    fl_user uses[FL_POOL_USES]; /* of what the configuration names */
};

typedef struct fl_submitter {
    filch_pool *pool;
    filch_job *job;
    bool inside; /* it is a job of the pool itself */
    bool told;   /* there is room for it, or never will be */
    bool prompt; /* it is told as soon as there is room; else when there is plenty */
} fl_submitter;

/* ---- The lock. Work to do when it is free is collected under it ---- */

typedef struct fl_after {
    fl_node *told; /* to be told `code` */
    int code;
    fl_work_item *started; /* by `next` of their nodes: runners, direct jobs */
    filch_job *apart;      /* jobs whose `done` is told by a task */
} fl_after;

/* Locks, for code that looks at waiting jobs, or ends a condition for the intake to be open. */
static inline void fl_pool_lock(filch_pool *pool)
{
    fl_lock(&pool->queue.room.lock);
    fl_intake_close(pool);
}
/* Locks, for a call through a handle that depends on the job's stage, place or id: a job that is
 * still in the intake enters the queue. */
static inline void fl_pool_lock_for(const filch_job *job)
{
    fl_lock(&job->pool->queue.room.lock);
    if (job->stage == FL_JOB_NEW)
        fl_intake_collect(job->pool);
}
/* Unlocks, and does the collected work; tells those that wait for rest, if the pool is at rest. The
 * last touch of the pool. */
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
    return !pool->stats.waiting && !pool->stats.running && !pool->runners.active &&
           !pool->queue.room.inside && !pool->rest.barred && !pool->rest.pending_callbacks &&
           !pool->deadlines.notifying && fl_direct_at_rest(&pool->direct, pool->rest.settled) &&
           fl_pool_alarms_are_silent(pool);
}
/* Is there a runner too many, or (by 1) room for another? */
static inline bool fl_pool_is_full(const filch_pool *pool, unsigned by)
{
    return pool->runners.active + by > pool->stats.width + pool->runners.excused;
}
static inline void fl_after_start(fl_after *after, fl_work_item *item)
{
    item->node.next = after->started ? &after->started->node : NULL;
    after->started = item;
}
/* A submitter no longer waits. */
static inline void fl_submitter_told(filch_pool *pool, fl_submitter *one)
{
    FL_ASSERT(!one->told && pool->runners.stranded >= one->inside);
    one->told = true;
    pool->runners.stranded -= one->inside;
}
/* Does a submission need a runner? */
static inline bool fl_pool_meets(const filch_pool *pool)
{
    return pool->config.capacity == FILCH_RENDEZVOUS;
}
/* Submitters that wait where jobs would wait elsewhere, and so many more. */
static inline uint64_t fl_pool_presses(const filch_pool *pool, unsigned more)
{
    return fl_pool_meets(pool) ? pool->queue.room.inside + more : 0;
}
/* A hint: the calling thread will write to a job that another thread has written. It may be NULL,
 * gone, or of another pool. Its size is guessed: that of `like`. */
static inline void fl_job_prefetch(const filch_job *job, const filch_job *like)
{
    const size_t whole = fl_more(like) ? sizeof(fl_full_job) : sizeof *like;
    fl_prefetch_to_write(job, like->slim ? FL_CELL_LINE : whole);
}
/* It has, or may have, a context of its own. */
static inline bool fl_is_own(const filch_job *job)
{
    return !job->slim && job->own;
}
/* Sets `since`, if the pool has dates. They come from one clock, so jobs of a level sort by them. */
static inline void fl_job_date(filch_job *job)
{
    const enum fl_dates dates = job->pool->dates;
    if (dates)
        job->since = dates == FL_DATES_COARSE ? fl_now_coarse() : fl_now();
}
/* More wait, or are delayed. */
static inline void fl_pool_note_waiting(filch_pool *pool)
{
    const uint64_t waiting = pool->stats.waiting + pool->stats.delayed;
    if (waiting > pool->stats.waiting_most)
        pool->stats.waiting_most = waiting;
}
/* Counts it as accepted, and what will hold the pool's memory for it. */
static inline void fl_job_number(filch_job *job)
{
    filch_pool *pool = job->pool;
    const fl_job_more *more = fl_more(job);
    FL_ASSERT(job->stage == FL_JOB_NEW);
    job->id = ++pool->stats.accepted * fl_direct_stride(&pool->direct);
    if (more)
        pool->rest.handed += (uint64_t)more->handle + (more->results != NULL);
}
static inline void fl_pool_progressed(filch_pool *pool, bool beyond)
{
    FL_ASSERT(pool->stats.running && pool->runners.beyond >= beyond);
    pool->stats.running--;
    pool->runners.beyond -= beyond;
}
/* A pending callback has been called, or never will be. */
static inline void fl_pool_called_back(filch_pool *pool)
{
    FL_ASSERT(pool->rest.pending_callbacks);
    pool->rest.pending_callbacks--;
}

/* ---- Jobs, under the lock or before others know them ---- */

/* Where it belongs, and its deadline. No lock. */
static inline int64_t fl_job_deadline(const filch_job *job)
{
    return fl_more(job) ? job->more->deadline : filch_context_deadline(job->pool->context);
}

/* As the head of this file says. RUNNING again: a job beyond the width, when its task begins. */
static inline bool fl_stage_may_become(enum fl_stage from, enum fl_stage to)
{
    enum { WAITS = 1 << FL_JOB_WAITING, RUNS = 1 << FL_JOB_RUNNING };
    enum { DELAYED = 1 << FL_JOB_DELAYED, ENDED = 1 << FL_JOB_ENDED };
    static const uint8_t next[] = {
        [FL_JOB_NEW] = WAITS | RUNS | ENDED,
        [FL_JOB_WAITING] = RUNS | ENDED,
        [FL_JOB_RUNNING] = RUNS | DELAYED | ENDED,
        [FL_JOB_DELAYED] = WAITS | RUNS | ENDED,
        [FL_JOB_ENDED] = 0,
    };
    return next[from] >> to & 1;
}
/* Under the lock, but for a plain job of a direct pool. */
static inline void fl_job_become(filch_job *job, enum fl_stage stage)
{
    FL_ASSERT(fl_stage_may_become(job->stage, stage));
    job->stage = stage;
}

/* It may have several attempts, or be delayed before the first. */
static inline bool fl_passes_policies(const filch_job *job)
{
    const fl_job_trials *trials = fl_trials(job);
    return trials && (trials->attempts.policy || fl_has_policies(&job->pool->config));
}
/* Of a job that is not plain: ns, or 0: none. */
static inline int64_t fl_run_timeout(const filch_job *job)
{
    const fl_job_rare *rare = fl_rare(job);
    return rare && rare->run_timeout ? rare->run_timeout : job->pool->config.run_timeout;
}

/* Its function has returned, or it is delayed: frees its place number, if it had one. */
void fl_job_give_place(filch_job *job);

/* Sets the workers of its own runtime: so many, and so many more for stuck jobs. On failure it
 * keeps its number, and returns the error of filch_runtime_resize. */
int fl_workers_make(filch_pool *pool, unsigned workers, unsigned spares);

/* ---- No lock ---- */

/* Sets the fields common to all new jobs. The caller sets id, slim and the second line. */
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
/* The calling fiber works for this job until fiber->running.pooled is NULL again. */
static inline void fl_job_comes_to(fl_fiber *fiber, filch_job *job)
{
    fiber->running.pooled = job;
    fiber->running.pooled_name = job->name;
    fiber->running.pooled_in = job->pool->config.name;
}
/* The outcome of a job whose context was done for that cause before the job ended. */
static inline filch_outcome fl_outcome_of_cause(int cause)
{
    return cause == -ETIMEDOUT ? FILCH_TIMED_OUT : FILCH_CANCELLED;
}

/* The answer of a submission that comes too late: -EPIPE. Other codes stay as they are. */
static inline int fl_pool_if_closed(int rc)
{
    return fl_if_closed(rc,
                        "filch_pool_close or a shutdown has closed this pool; submit to another");
}

/* Releases one of those counted in `handed`. */
void fl_pool_drop(filch_pool *pool);

#endif
