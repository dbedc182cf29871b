/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Private deques, receiver-initiated (Acar, Chargueraud, Rainey: Scheduling parallel programs by work
 * stealing with private deques, PPoPP 2013). For researchers: what does it cost to keep
 * thieves off altogether? A fork stack is its owner's alone, so that fork and join take no fence and
 * no locked instruction. A thief leaves a request; the owner, whenever it forks or joins, answers it.
 *
 * The default (runtime/queue/chase_lev.c) is of this family: its thieves ask in the same way, by the
 * same protocol (R1 to R7 of sched/forkstack.h), and rob only where no answer comes. So this is the
 * default without robbing, and what robbing would need is left out: the tag, the CAS of a join at
 * the oldest task, the heavy fence of robbers. What is not as in the paper: a request comes to the
 * owner by a poke, not by polling a cell; a thief withdraws its request after a while, and tries
 * another; more than FL_HALF_FROM tasks are halved, in the place of a task that can be split; and
 * workers sleep.
 *
 * Edges: none of its own. `top` is raised and lowered by the owner only.
 *
 * Sleep, as with private-split: a task that lies there keeps nobody awake. Whoever is about to sleep
 * has poked everybody (I2), so the owner's next fork or join re-arms limit (P4 of sched/idle.h),
 * answers, fences (P5), and wakes somebody (P6), who asks. As in docs/idle.md, it cannot have
 * overwritten the poke without seeing that somebody sleeps. Where there is no asymmetric fence, limit
 * is always NULL: each fork fences and looks for sleepers. */
#include <runtime/core/worker.h>
#include <runtime/queue/queue.h>

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
        forked(fl_fiber_of(slot)->worker, slot); /* what lies below is for whoever asks */
    if (oldest_of(stack) <= index)
        return FL_KEPT;
    if (!fl_slot_reclaim(slot))
        return FL_STOLEN;
    fl_forkstack_take_back(stack, slot); /* flushed, and not yet taken */
    return FL_KEPT;
}

/* There never is anything to take from an owner who does not come by. */
static bool pending(fl_runtime *rt)
{
    (void)rt;
    return false;
}

const fl_discipline fl_discipline_private_request = {
    .name = "private-request",
    .what = "private deques: thieves ask, and take what they are given",
    .side = FL_SIDE_OUTLINE,
    .forked = forked,
    .settle = settle,
    .take_back = fl_forkstack_take_back,
    .flush = fl_chase_lev_flush,
    .take = fl_steal_asking,
    .length = fl_chase_lev_length,
    .pending = pending,
};
