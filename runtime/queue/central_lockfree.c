/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * One queue for all without a lock: liburcu's wait-free queue (Desnoyers, Jiangshan: wfcqueue, after
 * the queue of Michael and Scott, Simple, fast, and practical non-blocking and blocking concurrent
 * queue algorithms, PODC 1996). For researchers who ask whether it is the lock that makes a central
 * queue slow: against central-mutex this shows what the lock costs, and what remains is the line
 * that all workers write.
 *
 * Putting is one exchange. Of those who take, one at a time does, and the others go on without
 * waiting for it: no worker that is preempted holds up another. The queue is bounded
 * (runtime/queue/slot_queue.h); where it is full a fork runs its child at once, as on central-mutex.
 *
 * With the idle protocol (sched/idle.h): the put is published by the queue's exchange, then P5 and P6;
 * a searcher that gives up comes to I1 and I2, whose look at the queue is the caller's `pending`: one
 * of the two sees the other. A taker that finds another one at it finds nothing; if it sleeps, that
 * one is awake, and wakes the next when it has found something (Q2). What a sleeper leaves behind
 * lies in the queue, so Q2 looks there even if all others sleep (`shared`). */
#include <runtime/queue/queue.h>
#include <runtime/queue/slot_queue.h>

#include <errno.h>
#include <stdlib.h>

static int create(fl_runtime *rt)
{
    fl_slot_queue *queue = aligned_alloc(FILCH_APART, sizeof *queue);
    if (!queue)
        return -ENOMEM;
    fl_slot_queue_init(queue);
    rt->queue = queue;
    return 0;
}

static void destroy(fl_runtime *rt)
{
    fl_slot_queue_clear(rt->queue);
    free(rt->queue);
}

static void forked(fl_worker *worker, filch_self self)
{
    filch_slot *slot = fl_offer_forked(self);
    if (!fl_slot_queue_put(worker->rt->queue, slot)) {
        fl_offered_run(self, slot);
        return;
    }
    filch_fence_seq_cst(); /* P5 */
    fl_wake_one(worker->rt, worker->index + 1, FL_UNLESS_SEARCHING);
}

static bool take(fl_worker *worker, fl_work *work)
{
    return fl_slot_queue_take(worker->rt->queue, worker, work);
}

static bool pending(fl_runtime *rt)
{
    return !fl_slot_queue_empty(rt->queue);
}

const fl_discipline fl_discipline_central_lockfree = {
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
