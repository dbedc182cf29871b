/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Split deques, as in Lace (van Dijk, van de Pol: Lace: non-blocking split deque for work-stealing,
 * Euro-Par 2014 workshops). For researchers: what does it cost to keep thieves off? The newest
 * tasks are private, and a join of one takes no fence and no locked instruction; the oldest are
 * shared, and thieves take them without asking. A thief that finds nothing shared pokes the owner,
 * which exposes half of its private tasks at its next fork or join. Compared with the default, a
 * thief never waits for an answer, and gets nothing at all from a silent owner.
 *
 * The tasks lie in the slots of the fork stack. `top` holds its flags, T, the oldest, where
 * fl_top_index finds it, and in the place of the tag S, the first private one; so a CAS that
 * changes one fails when the other has changed. A thief raises T by one as long as it is below S.
 * Only the owner moves S: up when it exposes, down to the middle of the shared part when it joins
 * slot S - 1. The paper has it store S, fence and look at T again; the CAS costs the same and has
 * no second case. If `top` returns to an earlier value, that does no harm: a thief reads its task
 * after its CAS. In a new fiber S is 1, before the first slot: tasks below T are already taken.
 *
 * The thieves' poke is that of the idle protocol: `limit` is NULL. So there is one case, not two.
 * If there is no asymmetric fence, `limit` is always NULL, and each fork exposes.
 *
 * Edges (ReadLimit is an edge of <filch/fork.h>, PokeOwner, RearmLimit and OfferTask of
 * sched/forkstack.h, ReadCurrent of runtime/engine/suspend.c, RearmLimit to ReadSleepers of
 * sched/idle.h):
 *   ExposeTasks: CAS top, seq_cst                   -> RobExposed: CAS top, seq_cst; it sees
 *                                                      claimed and the arguments
 *   RetakeExposed: join, flush, take back: CAS      |  RobExposed; of owner and thief one wins a
 *      top, seq_cst                                    slot
 *
 * Sleep. Thieves cannot take a private task, and it keeps no worker awake. A worker about to sleep
 * has poked all owners (LastScan), so the owner's next fork or join re-arms limit (RearmLimit),
 * exposes half, fences (PublisherFence) and wakes a worker (ReadSleepers). As in
 * docs/internals/idle.md, it cannot have overwritten the poke without seeing the sleeper. The look
 * after the poke sees shared tasks. */
#include <runtime/engine/fiber.h>
#include <runtime/engine/find_work.h>
#include <runtime/engine/park.h>
#include <runtime/engine/runtime.h>
#include <runtime/engine/statistics.h>
#include <runtime/engine/steal.h>
#include <runtime/engine/worker.h>
#include <runtime/queue/chase_lev.h>
#include <runtime/queue/offered.h>
#include <runtime/queue/queues.h>
#include <sched/forkstack.h>
#include <sched/idle.h>
#include <sched/queue.h>

#define SPLIT ((uint64_t)0xffff)

static uint64_t split_of(uint64_t top)
{
    uint64_t oldest = fl_top_index(top);
    return (top & SPLIT) > oldest ? top & SPLIT : oldest;
}

static uint64_t with(uint64_t top, uint64_t oldest, uint64_t split)
{
    return (top & FL_TOP_FLAGS) | oldest << 47 | split;
}

static uint64_t load_top(const fl_forkstack *stack)
{
    return filch_u64_load(&stack->front.top, FILCH_RELAXED); /* the CAS decides; S is the owner's */
}

static void expose(fl_worker *worker, fl_forkstack *stack, const filch_slot *end)
{
    uint64_t top = load_top(stack), split = split_of(top);
    fl_forkstack_rearm(stack); /* RearmLimit */
    uint64_t next = split + (fl_slot_index(end) - split + 1) / 2;
    fl_forkstack_show(stack, split, next);
    while (!filch_u64_cas(&stack->front.top, &top, with(top, fl_top_index(top), next),
                          FILCH_SEQ_CST)) /* ExposeTasks */
        ;
    fl_count(worker, FL_EXPOSURES, 1);
    filch_fence_seq_cst(); /* PublisherFence */
    fl_wake_one(worker->rt, worker->index + 1, FL_UNLESS_SEARCHING);
}

static void forked(fl_worker *worker, filch_self self)
{
    fl_forkstack *stack = fl_forkstack_of(self);
    if (fl_forkstack_called(stack) && split_of(load_top(stack)) < fl_slot_index(self))
        expose(worker, stack, self);
}

/* All tasks before `index` are taken, or never existed. */
static void empty_at(fl_forkstack *stack, uint64_t index)
{
    uint64_t top = load_top(stack);
    while (!filch_u64_cas(&stack->front.top, &top, with(top, index, index),
                          FILCH_SEQ_CST)) /* RetakeExposed */
        ;
}

static void take_back(fl_forkstack *stack, filch_slot *slot)
{
    fl_offered_take_back(stack, slot);
    empty_at(stack, fl_slot_index(slot));
}

static enum fl_settled settle(fl_forkstack *stack, filch_slot *slot)
{
    uint64_t index = fl_slot_index(slot);
    forked(fl_fiber_of(slot)->worker,
           slot); /* a poke for private tasks below is heeded here, too */
    uint64_t top = load_top(stack);
    if (split_of(top) <= index)
        return FL_KEPT;
    while (fl_top_index(top) <= index)
        if (filch_u64_cas(&stack->front.top, &top,
                          with(top, fl_top_index(top), (fl_top_index(top) + split_of(top)) / 2),
                          FILCH_SEQ_CST)) /* RetakeExposed */
            return FL_KEPT;
    if (!fl_slot_reclaim(slot))
        return FL_STOLEN;
    empty_at(stack, index); /* flushed, and not yet taken */
    return FL_KEPT;
}

/* Takes all remaining tasks as a thief would. */
static void flush(fl_worker *worker, fl_forkstack *stack)
{
    uint64_t top = load_top(stack), split = split_of(top), end = split;
    while (
        filch_ptr_load(&fl_slot_at(stack, end)->task, FILCH_RELAXED)) /* the owner's own stores */
        end++;
    fl_forkstack_show(stack, split, end);
    while (!filch_u64_cas(&stack->front.top, &top, with(top, end, end),
                          FILCH_SEQ_CST)) /* RetakeExposed */
        ;
    for (uint64_t index = fl_top_index(top); index < end; index++)
        fl_offer_out(worker, fl_slot_at(stack, index));
}

static void close(fl_forkstack *stack)
{
    empty_at(stack, fl_slot_index(fl_last_slot(stack)));
}

static bool rob_from(fl_worker *worker, fl_worker *victim, fl_work *work)
{
    fl_forkstack *stack = filch_ptr_load(&victim->current, FILCH_ACQUIRE); /* ReadCurrent */
    if (!stack)
        return false;
    uint64_t top = load_top(stack);
    while (fl_top_index(top) < (top & SPLIT)) {
        uint64_t index = fl_top_index(top);
        if (filch_u64_cas(&stack->front.top, &top, top + FL_TOP_ONE,
                          FILCH_SEQ_CST)) /* RobExposed */
            return fl_took(worker, FL_ROBS, fl_slot_at(stack, index), work);
    }
    if (fl_forkstack_offers(stack) && !fl_forkstack_called(stack)) {
        fl_count(worker, FL_ASKS, 1);
        fl_forkstack_call(stack);
    }
    return false;
}

static bool shares_some(fl_forkstack *stack)
{
    uint64_t top = load_top(stack);
    return fl_top_index(top) < (top & SPLIT);
}

static bool pending(fl_runtime *rt)
{
    return fl_chase_lev_pending_by(rt, shares_some);
}

const fl_queue fl_queue_private_split = {
    .name = "private-split",
    .what = "as in Lace: new tasks are private, old ones shared; thieves ask for more of these",
    .side = FL_SIDE_OUTLINE,
    .forked = forked,
    .settle = settle,
    .take_back = take_back,
    .flush = flush,
    .close = close,
    .take = fl_steal_forked,
    .take_from = rob_from,
    .length = fl_chase_lev_length,
    .pending = pending,
};
