/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Cilk-5's THE protocol (Frigo, Leiserson, Randall: The implementation of the Cilk-5 multithreaded
 * language, PLDI 1998, section 5). For researchers and teachers: the classic whose owner takes a
 * lock only when it meets a thief at the last task, and pays one fence a join.
 *
 * The tasks lie in the slots of the fork stack, from H to T. T is `tail`, the owner's; H is the
 * index in `top`, the thieves', raised only by the holder of the lock. Each side moves first and
 * then looks at the other's word. A thief raises H, and backs off if it has passed T. The owner
 * lowers T; if H has passed it, the owner takes the lock, which waits for the thief, and looks
 * again. The paper's third word, E, is for aborts; panics go through the joins here. It puts T back
 * before it takes the lock; here T stays, since a thief that sees it backs off, and the lock
 * decides about the others.
 *
 * Edges (EraseTask is an edge of <filch/fork.h>, RetakeTop and OfferTask of sched/forkstack.h,
 * ReadCurrent of runtime/engine/suspend.c, PublisherFence and ReadSleepers of sched/idle.h):
 *   PushTail, fork: store tail, release             -> RobLocked; it sees claimed and the
 *                                                      arguments
 *   PopTail, join: store tail, release; seq_cst     |  RobLocked; one of the two sees the other
 *      fence; load top, relaxed
 *   RobLocked: rob, with the lock: add to top,      <- PushTail; | PopTail
 *      acq_rel; seq_cst fence; load tail, acquire
 *   RaiseTop, with the lock: add to top, acq_rel;   -> RobLocked; TakeLock and DropLock order
 *      RetakeTop                                       them
 * (TakeLock and DropLock are the edges of runtime/platform/lock.h.)
 *
 * Sleep. Each fork publishes the task, fences (PublisherFence) and looks for sleepers
 * (ReadSleepers). A worker about to sleep has announced it (AnnounceSleep of sched/idle.h), fences,
 * and looks at the slot where H is. One of the two sees the other. An H that a thief has raised
 * without success hides a task from that look for a moment. But such a thief searches, so it began
 * to search after AnnounceSleep, and looks itself before it sleeps. */
#include <runtime/engine/find_work.h>
#include <runtime/engine/park.h>
#include <runtime/engine/steal.h>
#include <runtime/engine/worker.h>
#include <runtime/platform/lock.h>
#include <runtime/queue/chase_lev.h>
#include <runtime/queue/queues.h>
#include <sched/forkstack.h>
#include <sched/idle.h>
#include <sched/queue.h>

static uint64_t head_of(const fl_forkstack *stack)
{
    return fl_top_index(
        filch_u64_load(&stack->front.top, FILCH_RELAXED)); /* PopTail, or with the lock */
}

static void forked(fl_worker *worker, filch_self self)
{
    fl_forkstack *stack = fl_forkstack_of(self);
    fl_forkstack_show(stack, fl_slot_index(self) - 1, fl_slot_index(self));
    filch_u64_store(&stack->tail, fl_slot_index(self), FILCH_RELEASE); /* PushTail */
    filch_fence_seq_cst();                                             /* PublisherFence */
    fl_wake_one(worker->rt, worker->index + 1, FL_UNLESS_SEARCHING);
}

static void take_back(fl_forkstack *stack, filch_slot *slot)
{
    fl_lock(&stack->lock);
    fl_forkstack_take_back(stack, slot); /* RaiseTop */
    fl_unlock(&stack->lock);
}

static enum fl_settled settle(fl_forkstack *stack, filch_slot *slot)
{
    uint64_t tail = fl_slot_index(slot);
    filch_u64_store(&stack->tail, tail, FILCH_RELEASE); /* PopTail */
    filch_fence_seq_cst();                              /* PopTail */
    if (head_of(stack) <= tail)
        return FL_KEPT;
    fl_lock(&stack->lock);
    bool passed = head_of(stack) > tail;
    fl_unlock(&stack->lock);
    if (!passed)
        return FL_KEPT;
    if (!fl_slot_reclaim(slot))
        return FL_STOLEN;
    take_back(stack, slot); /* flushed, and not yet taken */
    return FL_KEPT;
}

/* Takes all remaining tasks as a thief would. */
static void flush(fl_worker *worker, fl_forkstack *stack)
{
    fl_lock(&stack->lock);
    uint64_t index = head_of(stack);
    uint64_t tail = filch_u64_load(&stack->tail, FILCH_RELAXED); /* owner's own */
    if (index < tail)
        filch_u64_add(&stack->front.top, FL_TOP_ONE * (tail - index), FILCH_ACQ_REL); /* RaiseTop */
    fl_unlock(&stack->lock);
    for (; index < tail; index++)
        fl_offer_out(worker, fl_slot_at(stack, index));
}

static void close(fl_forkstack *stack)
{
    fl_lock(&stack->lock);
    fl_forkstack_close(stack); /* RaiseTop */
    fl_unlock(&stack->lock);
}

static filch_slot *rob(fl_forkstack *stack)
{
    filch_u64 *top = &stack->front.top;
    fl_lock(&stack->lock);
    uint64_t index = fl_top_index(filch_u64_add(top, FL_TOP_ONE, FILCH_ACQ_REL)); /* RobLocked */
    filch_fence_seq_cst();                                                        /* RobLocked */
    bool got = index < filch_u64_load(&stack->tail, FILCH_ACQUIRE);               /* RobLocked */
    if (!got)
        filch_u64_add(top, -FL_TOP_ONE, FILCH_ACQ_REL); /* RaiseTop: undoes the raise */
    fl_unlock(&stack->lock);
    return got ? fl_slot_at(stack, index) : NULL;
}

static bool rob_from(fl_worker *worker, fl_worker *victim, fl_work *work)
{
    fl_forkstack *stack = filch_ptr_load(&victim->current, FILCH_ACQUIRE); /* ReadCurrent */
    filch_slot *slot = stack && fl_forkstack_offers(stack) ? rob(stack) : NULL;
    return slot && fl_took(worker, FL_ROBS, slot, work);
}

const fl_queue fl_queue_the = {
    .name = "the",
    .what = "Cilk-5: a fence per join, and a lock where owner and thief meet",
    .side = FL_SIDE_FENCED,
    .forked = forked,
    .settle = settle,
    .take_back = take_back,
    .flush = flush,
    .close = close,
    .take = fl_steal_forked,
    .take_from = rob_from,
    .length = fl_chase_lev_length,
    .pending = fl_chase_lev_pending,
};
