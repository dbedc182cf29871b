/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A batcher, internal part. One lock; in_flight + 1 batches, so that one can always collect:
 *
 *   a batch is     until                                         and then
 *   free           the one that collected before it goes         collects, alone
 *   collecting     it is full or due, and fewer than in_flight   flies: its task is started
 *                  fly
 *   flying         its task has flushed it and told everybody    is free
 *
 * Invariant when the lock is free: while a waiter for room can be claimed, the collecting batch is
 * full. So an event that makes room (a batch goes, an item is taken back) hands it to the waiters,
 * in their order (fl_batcher_dispatch), and a newcomer that sees room overtakes nobody.
 *
 * A waiter for an outcome has a ticket on its stack, to which the item's entry points. The task
 * writes the outcome there, under the lock, and then tells the waiters that it can claim. A waiter
 * that could no longer be claimed finds its outcome under the lock. Its ticket is done, or it takes
 * its item back from the collecting batch, or its ticket from the flying one. Its node may stay in
 * the queue of a batch that is used again; no claim succeeds there. `inside` counts the waiters
 * that will touch the batcher again unless they are told. Life: a task's last touch is unlocking; a
 * teller then touches only the waiter. So the batcher may be freed when nothing is collected or
 * flies, nobody is inside, and the alarm does not ring: fl_batcher_settled. Threads: any. */
#ifndef FL_BATCHER_H
#define FL_BATCHER_H

#include <filch/batcher.h>
#include <runtime/engine/inbox.h>
#include <runtime/sync/object_timer.h>
#include <runtime/sync/wait.h>

typedef struct fl_batch fl_batch;

/* An add in progress. */
typedef struct fl_ticket {
    void *item;
    filch_flushed_fn *told;
    void *arg;
    bool waits;      /* for the outcome */
    fl_batch *batch; /* the batch of its item; NULL: none yet */
    size_t index;
    bool done;
    int outcome;
} fl_ticket;

typedef struct fl_entry {
    fl_ticket *ticket; /* the waiter, or NULL */
    filch_flushed_fn *told;
    void *arg;
} fl_entry;

struct fl_batch {
    fl_work_item work_item; /* first */
    filch_batcher *batcher;
    fl_batch *next; /* free */
    filch_waiters waiters;
    size_t count;
    int64_t since; /* its first item */
    bool due;
    /* As many as a batch may have */
    void **items;
    int *outcomes;
    fl_entry *entries;
};

struct filch_batcher {
    filch_batcher_config config;
    fl_alarm alarm;
    /* Under the lock */
    filch_u32 lock;
    uint32_t life; /* runtime/platform/given.h */
    bool closed;
    unsigned flying;
    size_t inside;
    fl_batch *collecting, *free;
    filch_waiters room, closers;
    filch_batcher_stats stats;
    fl_batch batches[];
};

/* ---- The task ---- */

/* The tasks of a batcher: flushing, and the look at the age of the collected batch. */

/* ---- With the lock ---- */

bool fl_batcher_settled(const filch_batcher *batcher);
/* The batch that collects has room. */
void fl_batcher_put(filch_batcher *batcher, fl_ticket *ticket, int64_t now);
/* Sends off batches that may go, and admits waiters for room: a list, to be told 0 when the lock is
 * free. */
fl_node *fl_batcher_dispatch(filch_batcher *batcher, int64_t now);
/* Unlocks, and tells the list, and, if everything is over, those that wait for that. */
void fl_batcher_leave(filch_batcher *batcher, fl_node *told);

/* ---- Without ---- */

/* The alarm's task: is the collected batch old enough? */
void fl_batcher_look(filch_batcher *batcher, int64_t now);
void fl_batcher_look_task(filch_self self, fl_work_item *work_item);

#endif
