/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The deque of the literature: the owner fences in each push and in each pop; thieves need only a
 * fence of their own and a CAS. (Le, Pop, Cohen, Zappa Nardelli: Correct and efficient
 * work-stealing for weak memory models, PPoPP 2013.) For researchers who measure the gain of the
 * asymmetric fence: this is the price of a runtime without one.
 *
 * Its fibers are of the side `fenced` (sched/forkstack.h); its runtimes use no membarrier. Their
 * edges are those of the fork stack. For pop and steal, JoinerFence in settle (the paper's fence in
 * take) is against RobberFence in rob (its fence in steal). The CASes on top are seq_cst as in the
 * paper. The paper's push has only a release fence, which is PublishTask's release here. The fence
 * below is the publisher's PublisherFence of sched/idle.h, which a runtime with sleeping workers
 * needs: against AnnounceSleep of a worker that goes to sleep, one of the two sees the other.
 * `limit` is always NULL: no poke, nothing to re-arm, so no RearmLimit. A thief takes at once,
 * since the owner is never told of a request (asking always finds it "silent"). A fork does not
 * wake a worker that naps after a needless wake-up, as a push does not (TakeNap). */
#include <runtime/engine/park.h>
#include <runtime/engine/steal.h>
#include <runtime/engine/worker.h>
#include <runtime/queue/chase_lev.h>
#include <runtime/queue/queues.h>
#include <sched/forkstack.h>
#include <sched/idle.h>
#include <sched/queue.h>

static void forked(fl_worker *worker, filch_self self)
{
    fl_forkstack_serve(fl_forkstack_of(self), self);
    filch_fence_seq_cst(); /* PublisherFence */
    fl_wake_one(worker->rt, worker->index + 1, FL_UNLESS_NAPPING);
}

const fl_queue fl_queue_chase_lev_fenced = {
    .name = "chase-lev-fenced",
    .what = "chase-lev with an owner's fence in each fork and join",
    .side = FL_SIDE_FENCED,
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
