/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The comparison: one bounded ring under one mutex, first in, first out, as in a good hand-written
 * thread pool. For researchers, and for users who want to measure the gain of work stealing in
 * their program.
 *
 * The ring holds offered slots (runtime/queue/offered.h), stale ones among them. The next fork into
 * such a slot is found at the stale entry, ahead of older forks: entries are first in, first out,
 * tasks nearly so. A full ring makes the fork run its child at once. Workers sleep by the runtime's
 * idle protocol (AnnounceSleep of sched/idle.h), which stands for the pool's condition variable:
 * they also wait for fibers and for work from outside. */
#include <runtime/engine/find_work.h>
#include <runtime/engine/park.h>
#include <runtime/engine/runtime.h>
#include <runtime/engine/worker.h>
#include <runtime/queue/offered.h>
#include <runtime/queue/queues.h>
#include <sched/forkstack.h>
#include <sched/idle.h>
#include <sched/queue.h>

#include <errno.h>
#include <stdlib.h>

#ifdef FILCH_TINY
#define RING 8
#else
#define RING 4096
#endif

typedef struct central {
    pthread_mutex_t lock;
    uint64_t head, tail; /* under lock; tail - head entries */
    filch_u64 waiting;   /* number of entries, for looks without the lock */
    filch_slot *ring[RING];
} central;

static int create(fl_runtime *rt)
{
    central *queue = calloc(1, sizeof *queue);
    if (!queue)
        return -ENOMEM;
    int rc = pthread_mutex_init(&queue->lock, NULL);
    if (rc) {
        free(queue);
        return -rc;
    }
    rt->queue_state = queue;
    return 0;
}

static void destroy(fl_runtime *rt)
{
    central *queue = rt->queue_state;
    pthread_mutex_destroy(&queue->lock);
    free(queue);
}

static bool put(central *queue, filch_slot *slot)
{
    pthread_mutex_lock(&queue->lock);
    bool room = queue->tail - queue->head < RING;
    if (room) {
        queue->ring[queue->tail++ % RING] = slot;
        filch_u64_store(&queue->waiting, queue->tail - queue->head, FILCH_RELAXED); /* a look's */
    }
    pthread_mutex_unlock(&queue->lock);
    return room;
}

static void forked(fl_worker *worker, filch_self self)
{
    filch_slot *slot = fl_offer_forked(self);
    bool kept = put(worker->rt->queue_state, slot);
    /* No fence: a sleeper's last look takes the lock. Either it comes later and sees the entry, or
     * its AnnounceSleep happens before this look at I. */
    fl_wake_one(worker->rt, worker->index + 1, FL_UNLESS_SEARCHING);
    if (!kept)
        fl_offered_run(self, slot);
}

static filch_slot *next_ready(central *queue)
{
    while (queue->head != queue->tail) {
        filch_slot *slot = queue->ring[queue->head++ % RING];
        if (filch_ptr_load(&slot->state, FILCH_RELAXED) ==
            FL_STATE_OFFERED) /* a look; the claim decides */
            return slot;
    }
    return NULL;
}

static bool take(fl_worker *worker, fl_work *work)
{
    central *queue = worker->rt->queue_state;
    while (filch_u64_load(&queue->waiting, FILCH_RELAXED)) { /* a look */
        pthread_mutex_lock(&queue->lock);
        filch_slot *slot = next_ready(queue);
        filch_u64_store(&queue->waiting, queue->tail - queue->head, FILCH_RELAXED); /* a look's */
        pthread_mutex_unlock(&queue->lock);
        if (slot && fl_offered_take(worker, slot, work))
            return true;
    }
    return false;
}

static bool pending(fl_runtime *rt)
{
    central *queue = rt->queue_state;
    pthread_mutex_lock(&queue->lock); /* see `forked` */
    bool some = queue->tail != queue->head;
    pthread_mutex_unlock(&queue->lock);
    return some;
}

const fl_queue fl_queue_central_mutex = {
    .name = "central-mutex",
    .what = "one bounded locked ring for all, first in, first out",
    .side = FL_SIDE_FENCED,
    .shared = true,
    .create = create,
    .destroy = destroy,
    .nests = true,
    .forked = forked,
    .settle = fl_offered_settle,
    .take_back = fl_offered_take_back,
    .flush = fl_offered_flush,
    .take = take,
    .pending = pending,
};
