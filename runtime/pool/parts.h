/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Parts of a job: one cell, and structures that are allocated when they are needed.
 * runtime/pool/pool.h states the access rules, and the edges L3, L4, and L9. */
#ifndef FL_PARTS_H
#define FL_PARTS_H

#include <filch/pool.h>
#include <runtime/engine/inbox.h>
#include <runtime/platform/cells.h>
#include <runtime/pool/attempt.h>
#include <runtime/pool/pending_callback.h>
#include <runtime/pool/stuck.h>
#include <runtime/sync/timer_heap.h>
#include <runtime/sync/wait.h>

enum fl_stage { FL_JOB_NEW, FL_JOB_WAITING, FL_JOB_RUNNING, FL_JOB_DELAYED, FL_JOB_ENDED };

typedef struct fl_place_in_row {
    filch_job *next, *previous;
} fl_place_in_row;

typedef struct fl_row {
    filch_job *first, *last;
} fl_row;

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

/* A slim one has only the first line, which is all that a plain job of a direct pool needs. Its
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
    int64_t since;     /* of a pool with `dates`: when it was accepted, later when it began */
    filch_u32 refs;
    bool dated;    /* stands by its deadline */
    bool own;      /* it has, or may have, a context of its own; never changes */
    bool beyond;   /* the width: its submitter waits for it */
    bool settling; /* its runner alone is about to decide */
    union {
        fl_place_in_row level;
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
static inline bool fl_has_succeeded(const filch_job *job)
{
    const fl_job_more *more = fl_more(job);
    return more && filch_u32_load(&more->cause, FILCH_ACQUIRE) & FL_SUCCEEDED; /* L9 */
}
static inline fl_job_rare *fl_rare(const filch_job *job)
{
    return fl_more(job) ? filch_ptr_load(&job->more->rare, FILCH_ACQUIRE) : NULL; /* L4 */
}
/* Its own; NULL: nobody has asked for it yet. */
static inline filch_context *fl_context_of(const filch_job *job)
{
    const fl_job_rare *rare = fl_rare(job);
    return rare ? filch_ptr_load(&rare->context, FILCH_ACQUIRE) : NULL; /* L4 */
}
/* Of a job that has them from its creation on. */
static inline fl_job_trials *fl_trials(const filch_job *job)
{
    fl_job_rare *rare = fl_rare(job);
    return rare ? rare->trials : NULL;
}

#endif
