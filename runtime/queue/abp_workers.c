/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Arora, Blumofe and Plaxton's bounded deques, one a worker (sched/abp.h has the paper and the
 * orders). For researchers and teachers: compared with the default, a pointer to each task is
 * pushed and popped, with a fence each, and a deque that is full sends the task to the ready deque.
 *
 * A worker's deque holds only slots of the fork stack of the fiber that it runs. A fiber that
 * suspends has found the deque empty, since thieves take the oldest first, or is flushed. So a join
 * pops its own slot; NULL means that a thief has it, or that it was flushed. A slot in the ready
 * deque, which was flushed or found no room here, is its owner's again if its state can still be
 * changed. (The paper's array is large enough. Running the child at once instead would be wrong if
 * the child waits for something that the parent has yet to do.)
 *
 * Sleep. Each fork publishes the task (PushBottom of sched/abp.h), fences (PublisherFence of
 * sched/idle.h) and looks for sleepers (ReadSleepers). A worker about to sleep has announced it
 * (AnnounceSleep), fences, and looks at all deques. One of the two sees the other. Only the owner
 * lowers the top: it stores ResetAge, pushes, and comes to that fence. */
#include <runtime/engine/fiber.h>
#include <runtime/engine/find_work.h>
#include <runtime/engine/park.h>
#include <runtime/engine/runtime.h>
#include <runtime/engine/steal.h>
#include <runtime/engine/worker.h>
#include <runtime/queue/chase_lev.h>
#include <runtime/queue/offered.h>
#include <runtime/queue/queues.h>
#include <sched/abp.h>
#include <sched/forkstack.h>
#include <sched/idle.h>
#include <sched/queue.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int create(fl_runtime *rt)
{
    size_t size = rt->worker_set.most * sizeof(fl_abp);
    rt->queue_state =
        aligned_alloc(FILCH_APART, (size + FILCH_APART - 1) & ~(size_t)(FILCH_APART - 1));
    if (!rt->queue_state)
        return -ENOMEM;
    memset(rt->queue_state, 0, size);
    for (unsigned i = 0; i < rt->worker_set.most; i++)
        fl_abp_init((fl_abp *)rt->queue_state + i);
    return 0;
}

static void destroy(fl_runtime *rt)
{
    free(rt->queue_state);
}

static fl_abp *deque_of(const fl_worker *worker)
{
    return (fl_abp *)worker->rt->queue_state + worker->index;
}

static void forked(fl_worker *worker, filch_self self)
{
    uint64_t index = fl_slot_index(self) - 1;
    fl_forkstack_show(fl_forkstack_of(self), index, index + 1);
    if (!fl_abp_push(deque_of(worker), self - 1)) {
        fl_offer_out(worker, self - 1);
        return;
    }
    filch_fence_seq_cst(); /* PublisherFence */
    fl_wake_one(worker->rt, worker->index + 1, FL_UNLESS_SEARCHING);
}

/* Takes all remaining tasks as a thief would. Others may take some first. */
static void flush(fl_worker *worker, fl_forkstack *stack)
{
    (void)stack;
    fl_abp *deque = deque_of(worker);
    while (fl_abp_size(deque)) {
        filch_slot *slot = fl_abp_steal(deque);
        if (slot)
            fl_offer_out(worker, slot);
    }
}

/* A task that found no room may be gone before older ones, which lie here: as its join is about to
 * suspend, they must not stay where only thieves look. */
static enum fl_settled settle(fl_forkstack *stack, filch_slot *slot)
{
    fl_worker *worker = fl_fiber_of(slot)->worker;
    fl_abp *deque = deque_of(worker);
    bool popped = fl_abp_newest(deque) == slot && fl_abp_pop(deque);
    if (popped || fl_slot_reclaim(slot))
        return FL_KEPT;
    flush(worker, stack);
    return FL_STOLEN;
}

static bool rob_from(fl_worker *worker, fl_worker *victim, fl_work *work)
{
    fl_abp *deque = deque_of(victim);
    filch_slot *slot = fl_abp_size(deque) ? fl_abp_steal(deque) : NULL;
    return slot && fl_took(worker, FL_ROBS, slot, work);
}

static unsigned length(const fl_worker *worker)
{
    return fl_abp_size(deque_of(worker));
}

static bool pending(fl_runtime *rt)
{
    unsigned reach = fl_reach(rt);
    for (unsigned i = 0; i < reach; i++)
        if (length(rt->worker[i]))
            return true;
    return false;
}

const fl_queue fl_queue_abp = {
    .name = "abp",
    .what = "Arora, Blumofe, Plaxton: a bounded deque per worker, whose top has a tag",
    .side = FL_SIDE_FENCED,
    .create = create,
    .destroy = destroy,
    .forked = forked,
    .settle = settle,
    .take_back = fl_offered_take_back,
    .flush = flush,
    .take = fl_steal_forked,
    .take_from = rob_from,
    .length = length,
    .pending = pending,
};
