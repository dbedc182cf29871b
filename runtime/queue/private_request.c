/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Private deques, receiver-initiated (Acar, Chargueraud, Rainey: Scheduling parallel programs by
 * work stealing with private deques, PPoPP 2013). For researchers: what does it cost to keep
 * thieves off altogether? A fork stack is its owner's alone, so that fork and join take no fence
 * and no locked instruction. A thief leaves a request; the owner, whenever it forks or joins,
 * answers it.
 *
 * The default (runtime/queue/chase_lev.c) is of this family: its thieves ask in the same way, by
 * the same protocol (AskOwner to WithdrawRequest of sched/forkstack.h), and rob only where no
 * answer comes. So this is the default without robbing and without the parts that robbing needs:
 * the tag, the CAS of a join at the oldest task, the heavy fence of robbers. Differences from the
 * paper: a poke, not polling of a cell, brings a request to the owner. A thief withdraws its
 * request after a while, and tries another owner. More than FL_HALF_FROM tasks are halved, instead
 * of a task that can be split. And workers sleep.
 *
 * Edges: none of its own. `top` is raised and lowered by the owner only.
 *
 * Sleep, as with private-split: a private task keeps no worker awake. A worker about to sleep has
 * poked all owners (LastScan), so the owner's next fork or join re-arms limit (RearmLimit of
 * sched/idle.h), answers, fences (PublisherFence), and wakes a worker (ReadSleepers), which asks.
 * As in docs/internals/idle.md, it cannot have overwritten the poke without seeing the sleeper. If
 * there is no asymmetric fence, limit is always NULL: each fork fences and looks for sleepers. */
#include <runtime/engine/fiber.h>
#include <runtime/engine/runtime.h>
#include <runtime/engine/steal.h>
#include <runtime/engine/worker.h>
#include <runtime/queue/chase_lev.h>
#include <runtime/queue/queues.h>
#include <sched/forkstack.h>
#include <sched/queue.h>

static uint64_t oldest_of(const fl_forkstack *stack)
{
    return fl_top_index(filch_u64_load(&stack->front.top, FILCH_RELAXED)); /* the owner's own */
}

static void forked(fl_worker *worker, filch_self self)
{
    if (fl_forkstack_called(fl_forkstack_of(self)))
        fl_chase_lev_forked(worker, self);
}

static enum fl_settled settle(fl_forkstack *stack, filch_slot *slot)
{
    uint64_t index = fl_slot_index(slot);
    if (oldest_of(stack) < index)
        forked(fl_fiber_of(slot)->worker, slot); /* answers from the tasks below */
    if (oldest_of(stack) <= index)
        return FL_KEPT;
    if (!fl_slot_reclaim(slot))
        return FL_STOLEN;
    fl_forkstack_take_back(stack, slot); /* flushed, and not yet taken */
    return FL_KEPT;
}

/* Nothing can be taken from an owner that neither forks nor joins. */
static bool pending(fl_runtime *rt)
{
    (void)rt;
    return false;
}

const fl_queue fl_queue_private_request = {
    .name = "private-request",
    .what = "private deques: thieves ask, and take what they are given",
    .side = FL_SIDE_OUTLINE,
    .forked = forked,
    .settle = settle,
    .take_back = fl_forkstack_take_back,
    .flush = fl_chase_lev_flush,
    .close = fl_forkstack_close,
    .take = fl_steal_forked,
    .take_from = fl_only_ask,
    .length = fl_chase_lev_length,
    .pending = pending,
};
