/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Items of the inbox and the ready deques. A work item is a task that was not forked:
 * detached (filch_go), a scope's child, waited for from outside (filch_run), or a fiber that goes
 * on. Items of the ready deques are pointers tagged with what they point to; everything they point
 * to is aligned to more than the tag. */
#ifndef FL_INBOX_H
#define FL_INBOX_H

#include <filch/runtime.h>
#include <runtime/platform/memory/cells.h>

#include <stdbool.h>
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

/* ---- The inbox ---- */

/* The inbox, where work from outside arrives: liburcu's wait-free queue (Desnoyers, Jiangshan:
 * wfcqueue). Any thread enqueues, with one exchange; workers dequeue one at a time under a
 * try-lock, by non-blocking calls only (the blocking ones sleep 10 ms behind an enqueuer that was
 * preempted between its two steps). FIFO.
 *
 * A put has two steps: it exchanges the tail, then links the node. A submitter that is stopped
 * between the two leaves a gap: neither the node before it nor any node behind it can be taken.
 * Here is the race with a worker that goes to sleep:
 *   1. Submitter S exchanges the tail, and the system stops it.
 *   2. Worker W finds nothing to take, and is the last one to look before it sleeps.
 *   3. If W took "not empty" for work, it would search again and again until S goes on.
 * So W asks whether something can be *taken* (fl_inbox_offers), and sleeps if not. S goes on: it
 * links its node, fences and looks for sleepers (PublisherFence, ReadSleepers of sched/idle.h).
 * Either W's look has seen the link, or S sees that W sleeps, and wakes it. Then W takes both nodes
 * at the gap. Everything else behind the gap was linked by submitters that have already woken a
 * worker; a worker that finds one item wakes the next (EndSearch). Only the end of a runtime needs
 * an inbox without gaps (fl_inbox_empty).
 *
 * Edges, beside those that liburcu makes:
 *   EndDrain: store draining 0, release             -> BeginDrain: exchange draining 1, acquire;
 *                                                      it sees the queue's head */

typedef struct fl_inbox {
    struct cds_wfcq_tail tail; /* submitters */
    filch_u32 visitors;        /* those inside fl_submit_across */
    char apart1[FILCH_APART - sizeof(struct cds_wfcq_tail) - sizeof(filch_u32)];
    struct __cds_wfcq_head head; /* the holder of `draining` */
    filch_u32 draining;
    char apart2[FILCH_APART];
} fl_inbox;

void fl_inbox_init(fl_inbox *inbox);
/* Any thread. The caller then fences and wakes. */
void fl_inbox_put(fl_inbox *inbox, fl_work_item *work_item);
/* The same for count work items, at least one, in their order, with one exchange of the shared
 * word. */
void fl_inbox_put_all(fl_inbox *inbox, fl_work_item *const *work_items, unsigned count);
/* A worker: up to `most` work items into `work_items`, oldest first; 0: none, or another worker
 * drains the inbox. */
unsigned fl_inbox_take(fl_inbox *inbox, fl_work_item **work_items, unsigned most);
/* Nothing is there, and no thread is putting anything. */
bool fl_inbox_empty(fl_inbox *inbox);
/* Before a sleep, after a fence: is there something to take? Also true while another worker drains
 * it. false although it is not empty: a submitter is in the middle of a put, which it ends with a
 * fence and a wake-up. */
bool fl_inbox_offers(fl_inbox *inbox);

#endif
