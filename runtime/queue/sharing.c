/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Work sharing: a worker with work gives it away; there is no stealing. Each worker has a queue in
 * which it receives. A fork samples two active workers, possibly itself, and puts its task into the
 * shorter queue. (Sender-initiated: Eager, Lazowska, Zahorjan: Adaptive load sharing in homogeneous
 * distributed systems, IEEE TSE 1986. Two choices: Mitzenmacher, IEEE TPDS 2001.) For
 * researchers and teachers: each fork pays for balance, busy receivers or not, which is what
 * stealing was invented against (Blumofe, Leiserson, JACM 1999).
 *
 * A worker takes tasks that others gave it from its own queue; while it is at work, only it may
 * take them. A wake-up is for any worker that comes (docs/internals/idle.md), not for one receiver. So that
 * no task waits for a sleeper, a queue whose worker found it empty is `open`: others take from it,
 * too, until its worker takes or forks again. The queue of a surplus worker is open as well. Rules:
 *   open     by its worker, relaxed, when its take finds nothing: before AnnounceSleep of
 *            sched/idle.h, which publishes it
 *   closed   by its worker, relaxed, when it takes or forks: it is at work, and looks here before
 *            it sleeps. A worker that has not seen that may take a task, too
 * With the idle protocol: a fork puts its entry (the queue's exchange), PublisherFence, loads
 * `open`; if it is closed it wakes nobody, else ReadSleepers. Say all others sleep or come to
 * sleep, and Z is the last searcher:
 *   - the receiver sleeps: its AnnounceSleep, and `open` before it, come before Z's AnnounceSleep,
 *     so Z's look (LastScan, EndSearch, `pending`) sees it open; and either ReadSleepers sees Z's
 *     AnnounceSleep, or Z's look sees the entry.
 *   - it was closed when the fork looked, and is open now: the fork's PublisherFence comes before
 *     every fence that follows the opening, Z's LastScan among them: Z's look sees the entry.
 *   - it searches: then Z is not the last. It works: it takes, so it looks here before it sleeps.
 *   - it retires: its RetireWorker hands the duty on, and the woken worker sees that it is surplus
 *   (ReadReach).
 * Settling and full queues: runtime/queue/offered.h. */
#include <runtime/engine/find_work.h>
#include <runtime/engine/park.h>
#include <runtime/engine/runtime.h>
#include <runtime/engine/statistics.h>
#include <runtime/engine/worker.h>
#include <runtime/queue/offered.h>
#include <runtime/queue/queues.h>
#include <runtime/queue/slot_queue.h>
#include <sched/forkstack.h>
#include <sched/idle.h>
#include <sched/queue.h>
#include <sched/rng.h>

#include <errno.h>
#include <stdlib.h>

enum { SAMPLES = 2 };

typedef struct receiver {
    fl_slot_queue queue;
    filch_u32 open; /* 1: others may take, too */
} FILCH_ALIGNED(FILCH_APART) receiver;

static receiver *receiver_of(const fl_runtime *rt, unsigned worker)
{
    return (receiver *)rt->queue_state + worker;
}

static int create(fl_runtime *rt)
{
    rt->queue_state = aligned_alloc(FILCH_APART, rt->worker_set.most * sizeof(receiver));
    if (!rt->queue_state)
        return -ENOMEM;
    for (unsigned i = 0; i < rt->worker_set.most; i++) {
        fl_slot_queue_init(&receiver_of(rt, i)->queue);
        filch_u32_store(&receiver_of(rt, i)->open, 1, FILCH_RELAXED); /* not yet shared */
    }
    return 0;
}

static void destroy(fl_runtime *rt)
{
    for (unsigned i = 0; i < rt->worker_set.most; i++)
        fl_slot_queue_clear(&receiver_of(rt, i)->queue);
    free(rt->queue_state);
}

static bool is_open(const receiver *one)
{
    return filch_u32_load(&one->open, FILCH_RELAXED); /* the fences around the looks order it */
}

/* Its worker alone writes. */
static void set_open(receiver *own, bool open)
{
    if (is_open(own) != open)
        filch_u32_store(&own->open, open, FILCH_RELAXED); /* published by AnnounceSleep */
}

/* The worker with the shortest queue among some samples. */
static unsigned choose(fl_worker *worker)
{
    const fl_runtime *rt = worker->rt;
    unsigned active = fl_workers(rt), shortest = 0;
    uint64_t least = UINT64_MAX;
    for (unsigned i = 0; i < SAMPLES && least; i++) {
        unsigned one = fl_rng_below(&worker->rng, active);
        uint64_t length = fl_slot_queue_length(&receiver_of(rt, one)->queue);
        if (length < least) {
            least = length;
            shortest = one;
        }
    }
    return shortest;
}

static void forked(fl_worker *worker, filch_self self)
{
    fl_runtime *rt = worker->rt;
    filch_slot *slot = fl_offer_forked(self);
    set_open(receiver_of(rt, worker->index), false);
    unsigned to = choose(worker);
    if (!fl_slot_queue_put(&receiver_of(rt, to)->queue, slot)) {
        fl_offered_run(self, slot);
        return;
    }
    if (to != worker->index)
        fl_count(worker, FL_PUSHES, 1);
    filch_fence_seq_cst(); /* PublisherFence */
    if (is_open(receiver_of(rt, to)))
        fl_wake_one(rt, to, FL_UNLESS_SEARCHING);
}

/* Tasks that a searcher may take from others. */
static bool is_for_all(const fl_runtime *rt, unsigned of)
{
    return is_open(receiver_of(rt, of)) || of >= fl_workers(rt);
}

static bool take(fl_worker *worker, fl_work *work)
{
    const fl_runtime *rt = worker->rt;
    receiver *own = receiver_of(rt, worker->index);
    unsigned reach = fl_reach(rt);
    for (unsigned i = fl_workers(rt); i < reach; i++) /* else they could wait forever */
        if (fl_slot_queue_take(&receiver_of(rt, i)->queue, worker, work))
            return true;
    if (fl_slot_queue_take(&own->queue, worker, work)) {
        set_open(own, false);
        return true;
    }
    set_open(own, true);
    for (unsigned i = 0; i < reach; i++)
        if (i != worker->index && is_for_all(rt, i) &&
            fl_slot_queue_take(&receiver_of(rt, i)->queue, worker, work))
            return true;
    return false;
}

/* Closed or open: a receiver that is at work for long leaves its queue to busy workers' due
 * ticks. */
static bool take_from(fl_worker *worker, fl_worker *victim, fl_work *work)
{
    return fl_slot_queue_take(&receiver_of(worker->rt, victim->index)->queue, worker, work);
}

static bool pending(fl_runtime *rt)
{
    unsigned reach = fl_reach(rt);
    for (unsigned i = 0; i < reach; i++)
        if (is_for_all(rt, i) && fl_slot_queue_offers(&receiver_of(rt, i)->queue))
            return true;
    return false;
}

const fl_queue fl_queue_sharing = {
    .name = "sharing",
    .what = "a queue for each worker; forks go to the shorter of two",
    .side = FL_SIDE_FENCED,
    .shared = true,
    .create = create,
    .destroy = destroy,
    .forked = forked,
    .settle = fl_offered_settle,
    .take_back = fl_offered_take_back,
    .flush = fl_offered_flush,
    .take = take,
    .take_from = take_from,
    .pending = pending,
};
