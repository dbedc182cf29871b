/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Items of the inbox and the ready deques. A work item is a task that was not forked:
 * detached (filch_go), a scope's child, waited for from outside (filch_run), or a fiber that goes
 * on. Items of the ready deques are pointers tagged with what they point to; everything they point
 * to is aligned to more than the tag. */
#ifndef FL_WORK_ITEM_H
#define FL_WORK_ITEM_H

#include <filch/runtime.h>
#include <runtime/platform/cells.h>

#include <urcu/wfcqueue.h>

enum fl_work_item_kind {
    FL_WORK_ITEM_DETACHED,
    FL_WORK_ITEM_CHILD,
    FL_WORK_ITEM_AWAITED,
    FL_WORK_ITEM_FIBER,
    FL_WORK_ITEM_PART
};

typedef struct fl_work_item fl_work_item;

/* Runs a work item that is part of an object, which may be gone when it returns. */
typedef void fl_work_item_fn(filch_self self, fl_work_item *work_item);

struct fl_work_item {
    struct cds_wfcq_node node; /* first: in the inbox; in a free list its `next` is the link */
    union {
        struct {
            filch_go_fn *fn;
            void *arg;
            const filch_place *place;
        } detached;
        struct {
            fl_work_item_fn *run; /* the scope's */
            const struct filch_child *what;
        } child;
        struct fl_call *awaited;
        struct fl_fiber *fiber;
        fl_work_item_fn *part;
        filch_slot
            *slot; /* not a work item: an entry of runtime/queue/slot_queue, which has no kind */
    } as;
    enum fl_work_item_kind kind;
};
FILCH_STATIC_ASSERT(sizeof(fl_work_item) <= FL_CELL_LINE, "a cell holds a work item");

/* Makes it run fn(self, work item). Only that member of `as` is written or read. */
static inline void fl_work_item_be_part(fl_work_item *work_item, fl_work_item_fn *fn)
{
    work_item->kind = FL_WORK_ITEM_PART;
    work_item->as.part = fn;
}

/* For detached tasks and children: taken by the submitter, given back by the worker that ran it.
 * NULL: no memory. Any thread. */
static inline fl_work_item *fl_work_item_take(void)
{
    return fl_cell_take(FL_CELLS_LINES);
}

static inline void fl_work_item_give(fl_work_item *work_item)
{
    fl_cell_give(FL_CELLS_LINES, work_item);
}

/* One that will run fn(self, arg) as a detached task, started at `place`. */
static inline fl_work_item *fl_work_item_detached(filch_go_fn *fn, void *arg,
                                                  const filch_place *place)
{
    fl_work_item *work_item = fl_work_item_take();
    if (work_item) {
        work_item->kind = FL_WORK_ITEM_DETACHED;
        work_item->as.detached.fn = fn;
        work_item->as.detached.arg = arg;
        work_item->as.detached.place = place;
    }
    return work_item;
}

/* ---- Items of the ready deque ---- */

enum fl_item {
    FL_ITEM_WORK,
    FL_ITEM_FIBER,
    FL_ITEM_SLOT,   /* offered: the worker that takes it runs it */
    FL_ITEM_STOLEN, /* a slot whose task is already taken from its owner */
    FL_ITEM_MASK = FL_ITEM_STOLEN
};

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
