/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Which of a runtime's slots for workers are active: the first `active` ones. filch_runtime_resize
 * changes that number at any time, up to `most`. A slot's worker structure exists from the
 * beginning, so walking over the workers needs no protection. Its thread is created when the slot
 * becomes active for the first time, and kept. A slot that is never used costs some kilobytes; one
 * that is no longer used costs a sleeping thread. `reach` counts the slots with a thread. Nothing
 * lies beyond it, so slots in reserve cost a search nothing.
 *
 * A worker whose index is not below `active` is surplus. Resizing does not wait for it: it finishes
 * its running task, and retires when it looks for work the next time. A retired worker is no
 * sleeper: it is counted in R of the word I (sched/idle.h), no token is made for it, and its park
 * word is never PARKED, so no waker chooses it.
 *
 * Its leftovers. Its fiber is at the bottom of its loop: the fork stack is empty. Fibers that
 * stopped on it belong to the objects they wait for. Its ready deque may hold items; they stay
 * there for thieves, since all looks go up to `reach`: searches, the looks before sleep and at the
 * end. Thieves are workers without other work, so a busy worker, too, takes an item from a surplus
 * one now and then (runtime/engine/find_work.c).
 *
 * Why no wake-up is lost. A surplus worker publishes before RetireWorker as any worker does; but
 * publishers, itself included, may have woken nobody because it was searching. At RetireWorker it
 * becomes a publisher of all items that lie anywhere: RetireWorker, PublisherFence, ReadSleepers.
 * There are three cases. ReadSleepers may find a searcher, whose looks come after RetireWorker (its
 * next change of I does). ReadSleepers may wake a sleeper, which searches, and before it sleeps
 * again pokes and looks everywhere. Or nobody sleeps: a running worker will come to AnnounceSleep
 * after RetireWorker and look, and so does a worker that returns (ReturnToWork, then BeginSearch).
 * For publishers after RetireWorker, Q and S are already without the retired worker. It keeps no
 * token: it comes from a search, and a sleeper that leaves TakeToken passes on its wake-up
 * (LeavePark of runtime/engine/park.c). A surplus sleeper that takes a token comes to RetireWorker
 * and wakes another in its place; resizing unparks surplus sleepers only to avoid that.
 *
 * Edges, besides RetireWorker and ReturnToWork of sched/idle.h; those of resizing are made under
 * `lock`:
 *   ParkRetired: exchange park word RETIRED,        |  ResizeActive; one of the two sees the
 *      seq_cst; load active, seq_cst; futex wait       other: it does not sleep on, or is
 *      while RETIRED                                   unparked
 *   ResizeActive: store active, seq_cst; load park  |  ParkRetired, and ParkSleeper, after which
 *      word, CAS it to WOKEN, seq_cst; futex wake      a sleeper checks whether it is surplus
 *   GrowReach, resize: store reach, release,        -> ReadReach: a look at all: load reach,
 *      before a worker below it becomes active         acquire; after AnnounceSleep, or a
 *      (ResizeActive)                                  wake-up's CAS, it sees all that publish
 * `finished` reaches a retired worker as it reaches a sleeper: FinishRuntime, ReadFinished of
 * runtime/engine/park.c. */
#ifndef FL_WORKER_SET_H
#define FL_WORKER_SET_H

#include <filch/atomic.h>

#include <stdbool.h>

struct fl_worker;

typedef struct fl_worker_set {
    unsigned most;    /* slots; never changes */
    filch_u32 active; /* how many of them should work, 1 .. most */
    filch_u32 reach;  /* how many have a thread; never falls */
    filch_u32 lock;   /* held while resizing */
} fl_worker_set;

/* `active` threads will exist before the first look. */
static inline void fl_worker_set_init(fl_worker_set *worker_set, unsigned active, unsigned most)
{
    worker_set->most = most;
    filch_u32_store(&worker_set->active, active, FILCH_SEQ_CST); /* not yet shared */
    filch_u32_store(&worker_set->reach, active, FILCH_RELEASE);  /* not yet shared */
    filch_u32_store(&worker_set->lock, 0, FILCH_RELEASE);        /* not yet shared */
}

/* The caller, a searcher and surplus, retires until its slot is active again; then it is a
 * searcher. false: the runtime is finished. */
bool fl_retire(struct fl_worker *worker);
/* First step of a thread whose slot was not active when its runtime was created: waits until it is;
 * meanwhile the worker counts as retired. true: it counts as running; false: the runtime is
 * finished. */
bool fl_wait_for_turn(struct fl_worker *worker);

#endif
