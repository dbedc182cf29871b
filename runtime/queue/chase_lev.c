/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The default: each fiber keeps its forked tasks in its own fork stack, and thieves ask for the
 * oldest. PublisherFence and ReadSleepers are steps of sched/idle.h, RearmLimit of
 * sched/forkstack.h, ReadCurrent is an edge of runtime/engine/suspend.c. */
#include <runtime/engine/inbox.h>
#include <runtime/engine/park.h>
#include <runtime/engine/runtime.h>
#include <runtime/engine/statistics.h>
#include <runtime/engine/steal.h>
#include <runtime/engine/worker.h>
#include <runtime/queue/chase_lev.h>
#include <runtime/queue/queues.h>
#include <sched/forkstack.h>
#include <sched/idle.h>
#include <sched/queue.h>

/* In this order (docs/internals/idle.md, RearmLimit to ReadSleepers): the wake-up makes up for a
 * poke that the re-arming overwrites. */
void fl_chase_lev_forked(fl_worker *worker, filch_self self)
{
    fl_forkstack *stack = fl_forkstack_of(self);
    fl_forkstack_rearm(stack);
    fl_forkstack_serve(stack, self);
    filch_fence_seq_cst(); /* PublisherFence */
    fl_wake_one(worker->rt, worker->index + 1, FL_UNLESS_SEARCHING);
}

/* Any worker that pops a flushed slot can run it; the deque has to grow for a deep stack. */
void fl_hand_out(void *worker, filch_slot *slot)
{
    fl_count(worker, FL_FLUSHED, 1);
    if (fl_push_ready(worker, fl_item(FL_ITEM_SLOT, slot)))
        filch_die(
            "no memory to keep the unjoined forks of a fiber that suspends; join before waiting");
}

void fl_offer_out(fl_worker *worker, filch_slot *slot)
{
    fl_slot_offer(slot);
    fl_hand_out(worker, slot);
}

void fl_chase_lev_flush(fl_worker *worker, fl_forkstack *stack)
{
    fl_forkstack_flush(stack, fl_hand_out, worker);
}

unsigned fl_chase_lev_length(const fl_worker *worker)
{
    fl_forkstack *stack = filch_ptr_load(&worker->current, FILCH_ACQUIRE); /* ReadCurrent */
    return stack ? fl_forkstack_length(stack) : 0;
}

bool fl_chase_lev_pending_by(fl_runtime *rt, bool (*look)(fl_forkstack *stack))
{
    unsigned reach = fl_reach(rt);
    for (unsigned i = 0; i < reach; i++) {
        fl_forkstack *stack =
            filch_ptr_load(&rt->worker[i]->current, FILCH_ACQUIRE); /* ReadCurrent */
        if (stack && look(stack))
            return true;
    }
    return false;
}

bool fl_chase_lev_pending(fl_runtime *rt)
{
    return fl_chase_lev_pending_by(rt, fl_forkstack_offers);
}

const fl_queue fl_queue_chase_lev = {
    .name = "chase-lev",
    .what = "a fork stack per fiber; thieves ask for the oldest task",
    .side = FL_SIDE_INLINE,
    .outline = &fl_queue_chase_lev_outline,
    .gives = true,
    .nests = true,
    .forked = fl_chase_lev_forked,
    .settle = fl_forkstack_settle,
    .take_back = fl_forkstack_take_back,
    .flush = fl_chase_lev_flush,
    .close = fl_forkstack_close,
    .take = fl_steal_forked,
    .take_from = fl_ask_or_rob,
    .length = fl_chase_lev_length,
    .pending = fl_chase_lev_pending,
};
