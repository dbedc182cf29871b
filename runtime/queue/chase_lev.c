/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The default: each fiber keeps what it forks in its own fork stack, thieves ask for the oldest.
 * For everybody. P4 to P6 are steps of sched/idle.h, W5 is an edge of runtime/core/suspend.c. */
#include <runtime/core/worker.h>
#include <runtime/queue/queue.h>

/* In this order (docs/idle.md, P4 to P6): a poke that is overwritten by the re-arming is made good
 * by the wake-up. */
static void forked(fl_worker *worker, filch_self self)
{
    fl_forkstack *stack = fl_forkstack_of(self);
    fl_forkstack_rearm(stack);
    fl_forkstack_serve(stack, self);
    filch_fence_seq_cst(); /* P5 */
    fl_wake_one(worker->rt, worker->index + 1, FL_UNLESS_SEARCHING);
}

/* A flushed slot can be run by whoever pops it; the deque has to grow for a deep stack. */
static void hand_out(void *worker, filch_slot *slot)
{
    fl_count(worker, FL_FLUSHED, 1);
    if (fl_push_ready(worker, fl_item(FL_ITEM_SLOT, slot)))
        filch_die(
            "no memory to keep the unjoined forks of a fiber that suspends; join before waiting");
}

static void flush(fl_worker *worker, fl_forkstack *stack)
{
    fl_forkstack_flush(stack, hand_out, worker);
}

static unsigned length(const fl_worker *worker)
{
    fl_forkstack *stack = filch_ptr_load(&worker->current, FILCH_ACQUIRE); /* W5 */
    return stack ? fl_forkstack_length(stack) : 0;
}

static bool pending(fl_runtime *rt)
{
    unsigned reach = fl_reach(rt);
    for (unsigned i = 0; i < reach; i++) {
        fl_forkstack *stack = filch_ptr_load(&rt->worker[i]->current, FILCH_ACQUIRE); /* W5 */
        if (stack && fl_forkstack_offers(stack))
            return true;
    }
    return false;
}

const fl_discipline fl_discipline_chase_lev = {
    .name = "chase-lev",
    .what = "a fork stack per fiber; thieves ask for the oldest task",
    .forked = forked,
    .settle = fl_forkstack_settle,
    .take_back = fl_forkstack_take_back,
    .flush = flush,
    .take = fl_steal_forked,
    .length = length,
    .pending = pending,
};
