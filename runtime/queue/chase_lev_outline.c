/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The fair control: the same as chase-lev, but each fork and each join is a call of the library, as
 * it is for every other queue. For researchers: the difference between another queue and this one
 * is the queue's own cost; the difference between this one and chase-lev is the price of the call.
 *
 * Its fibers are of the side `outline` (sched/forkstack.h): the fork always comes here, and goes on
 * as chase-lev's does if `limit` was set to NULL since it was last re-armed. The inline path has
 * loaded `limit` already (ReadLimit of <filch/fork.h>); this load comes later, and only the owner
 * re-arms, so a poke that ReadLimit met is met here, too. Nothing else changes, no edge and no
 * order. */
#include <runtime/engine/steal.h>
#include <runtime/engine/worker.h>
#include <runtime/queue/chase_lev.h>
#include <runtime/queue/queues.h>
#include <sched/forkstack.h>
#include <sched/queue.h>

static void forked(fl_worker *worker, filch_self self)
{
    if (!filch_ptr_load(&fl_forkstack_of(self)->front.limit,
                        FILCH_RELAXED)) /* ReadLimit: loaded again */
        fl_chase_lev_forked(worker, self);
}

const fl_queue fl_queue_chase_lev_outline = {
    .name = "chase-lev-outline",
    .what = "chase-lev with each fork and join out of line: the control",
    .side = FL_SIDE_OUTLINE,
    .gives = true,
    .nests = true,
    .forked = forked,
    .settle = fl_forkstack_settle,
    .take_back = fl_forkstack_take_back,
    .flush = fl_chase_lev_flush,
    .close = fl_forkstack_close,
    .take = fl_steal_forked,
    .take_from = fl_ask_or_rob,
    .length = fl_chase_lev_length,
    .pending = fl_chase_lev_pending,
};
