/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * What travels through the inbox and the ready deques. A job is a task that nobody forked: detached
 * (filch_go), a scope's child, waited for from outside (filch_run), or a fiber that goes on. Items
 * of the ready deques are pointers tagged with what they point to; everything they point to is
 * aligned to more than the tag. */
#ifndef FL_JOB_H
#define FL_JOB_H

#include <filch/runtime.h>
#include <runtime/core/cells.h>

#include <urcu/wfcqueue.h>

enum fl_job_kind { FL_JOB_DETACHED, FL_JOB_CHILD, FL_JOB_AWAITED, FL_JOB_FIBER, FL_JOB_PART };

typedef struct fl_job fl_job;

/* Runs a job that is part of an object, which may be gone when it returns. */
typedef void fl_job_fn(filch_self self, fl_job *job);

struct fl_job {
    struct cds_wfcq_node node; /* first: in the inbox; in a free list its `next` is the link */
    union {
        struct {
            filch_go_fn *fn;
            void *arg;
            const filch_place *place;
        } detached;
        struct {
            const struct filch_child *what;
            struct filch_scope *scope;
            void *arg;
        } child;
        struct fl_call *awaited;
        struct fl_fiber *fiber;
        fl_job_fn *part;
        filch_slot *slot; /* no job: an entry of runtime/queue/slot_queue, which has no kind */
    } as;
    enum fl_job_kind kind;
};
FILCH_STATIC_ASSERT(sizeof(fl_job) <= FL_CELL_LINE, "a cell holds a job");

/* It runs fn(self, job). Of `as` nothing but that is written or read. */
static inline void fl_job_be_part(fl_job *job, fl_job_fn *fn)
{
    job->kind = FL_JOB_PART;
    job->as.part = fn;
}

/* Of detached tasks and children: taken by whoever submits, given back by the worker that ran it.
 * NULL: no memory. Any thread. */
static inline fl_job *fl_job_take(void)
{
    return fl_cell_take(FL_CELLS_LINES);
}

static inline void fl_job_give(fl_job *job)
{
    fl_cell_give(FL_CELLS_LINES, job);
}

/* One that will run fn(self, arg) as a detached task, started at `place`. */
static inline fl_job *fl_job_detached(filch_go_fn *fn, void *arg, const filch_place *place)
{
    fl_job *job = fl_job_take();
    if (job) {
        job->kind = FL_JOB_DETACHED;
        job->as.detached.fn = fn;
        job->as.detached.arg = arg;
        job->as.detached.place = place;
    }
    return job;
}

/* ---- Items of the ready deque ---- */

enum fl_item { FL_ITEM_JOB, FL_ITEM_FIBER, FL_ITEM_SLOT, FL_ITEM_MASK };

static inline void *fl_item(enum fl_item kind, void *what)
{
    return (void *)((uintptr_t)what | (uintptr_t)kind);
}

static inline enum fl_item fl_item_kind(void *item)
{
    return (enum fl_item)((uintptr_t)item & FL_ITEM_MASK);
}

static inline void *fl_item_what(void *item)
{
    return (void *)((uintptr_t)item & ~(uintptr_t)FL_ITEM_MASK);
}

#endif
