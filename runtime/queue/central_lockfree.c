/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * One queue for all without a lock: liburcu's wait-free queue (Desnoyers, Jiangshan: wfcqueue,
 * after the queue of Michael and Scott, Simple, fast, and practical non-blocking and blocking
 * concurrent queue algorithms, PODC 1996). For researchers who ask whether it is the lock that
 * makes a central queue slow: compared with central-mutex this shows the cost of the
 * lock; the rest is the cache line that all workers write.
 *
 * Putting is one exchange. One worker takes at a time, and the others go on without waiting for it:
 * no preempted worker holds up another. The queue is bounded
 * (runtime/queue/slot_queue.h); where it is full a fork runs its child at once, as on
 * central-mutex.
 *
 * With the idle protocol (sched/idle.h): the queue's exchange publishes the put, then come
 * PublisherFence and ReadSleepers. A searcher that gives up comes to AnnounceSleep and LastScan,
 * whose look at the queue is the caller's `pending`: one of the two sees the other. A worker that
 * finds another one taking gets nothing. If it sleeps, that one is awake, and wakes the next when
 * it has found something (EndSearch). A sleeper's forked tasks lie in the queue, so EndSearch looks
 * there even if all others sleep (`shared`). */
#include <runtime/engine/find_work.h>
#include <runtime/engine/park.h>
#include <runtime/engine/runtime.h>
#include <runtime/engine/worker.h>
#include <runtime/queue/offered.h>
#include <runtime/queue/queues.h>
#include <runtime/queue/slot_queue.h>
#include <sched/forkstack.h>
#include <sched/idle.h>
#include <sched/queue.h>

#include <errno.h>
#include <stdlib.h>

static int create(fl_runtime *rt)
{
    fl_slot_queue *queue = aligned_alloc(FILCH_APART, sizeof *queue);
    if (!queue)
        return -ENOMEM;
    fl_slot_queue_init(queue);
    rt->queue_state = queue;
    return 0;
}

static void destroy(fl_runtime *rt)
{
    fl_slot_queue_clear(rt->queue_state);
    free(rt->queue_state);
}

static void forked(fl_worker *worker, filch_self self)
{
    filch_slot *slot = fl_offer_forked(self);
    if (!fl_slot_queue_put(worker->rt->queue_state, slot)) {
        fl_offered_run(self, slot);
        return;
    }
    filch_fence_seq_cst(); /* PublisherFence */
    fl_wake_one(worker->rt, worker->index + 1, FL_UNLESS_SEARCHING);
}

static bool take(fl_worker *worker, fl_work *work)
{
    return fl_slot_queue_take(worker->rt->queue_state, worker, work);
}

static bool pending(fl_runtime *rt)
{
    return fl_slot_queue_offers(rt->queue_state);
}

const fl_queue fl_queue_central_lockfree = {
    .name = "central-lockfree",
    .what = "one bounded queue for all without a lock, first in, first out",
    .side = FL_SIDE_FENCED,
    .shared = true,
    .create = create,
    .destroy = destroy,
    .forked = forked,
    .settle = fl_offered_settle,
    .take_back = fl_offered_take_back,
    .flush = fl_offered_flush,
    .take = take,
    .pending = pending,
};
