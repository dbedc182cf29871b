/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The deque as the literature has it: the owner fences in each push and in each pop, thieves need
 * nothing but a fence of their own and a CAS (Le, Pop, Cohen, Zappa Nardelli: Correct and efficient
 * work-stealing for weak memory models, PPoPP 2013). For researchers who want to know what the
 * asymmetric fence is worth: this is what a runtime pays that has none.
 *
 * Its fibers are of the side `fenced` (sched/forkstack.h), its runtimes use no membarrier. Their
 * edges are those of the fork stack: of pop and steal, T5 in settle (the paper's fence in take)
 * against T2 in rob (its fence in steal); top's CASes are seq_cst as in the paper. The paper's push
 * has a release fence only, which is F1's release here; the fence below is the publisher's P5 of
 * sched/idle.h, which a runtime needs whose workers sleep: against I1 of a worker that goes to sleep,
 * one of the two sees the other. `limit` is NULL for good: no poke, nothing to re-arm, so no P4.
 * A thief takes at once: an owner that never announces where it is works at its own pace (asking
 * finds it "silent" always). A fork leaves alone who naps after a vain wake, as a push does (N1). */
#include <runtime/core/worker.h>
#include <runtime/queue/queue.h>

static void forked(fl_worker *worker, filch_self self)
{
    fl_forkstack_serve(fl_forkstack_of(self), self);
    filch_fence_seq_cst(); /* P5 */
    fl_wake_one(worker->rt, worker->index + 1, FL_UNLESS_NAPPING);
}

const fl_discipline fl_discipline_chase_lev_fenced = {
    .name = "chase-lev-fenced",
    .what = "chase-lev with a fence of the owner's in each fork and join",
    .side = FL_SIDE_FENCED,
    .forked = forked,
    .settle = fl_forkstack_settle,
    .take_back = fl_forkstack_take_back,
    .flush = fl_chase_lev_flush,
    .take = fl_steal_forked,
    .length = fl_chase_lev_length,
    .pending = fl_chase_lev_pending,
};
