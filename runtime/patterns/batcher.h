/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A batcher from within. One lock; in_flight + 1 batches, so that one can always collect:
 *
 *   a batch is     until                                         and then
 *   free           the one that collected before it goes         collects, alone
 *   collecting     it is full or due, and fewer than in_flight   flies: its task is started
 *                  fly
 *   flying         its task has flushed it and told everybody    is free
 *
 * What must hold when the lock is free: while somebody who can be claimed waits for room, the batch
 * that collects is full. So whoever makes room (a batch that goes, an item that is taken back) hands
 * it to those who wait, in their order (fl_batcher_dispatch), and a newcomer who sees room overtakes
 * nobody.
 *
 * Who waits for an outcome has a ticket on its stack, which the item's entry points to: the task
 * writes the outcome there, under the lock, and then tells whom it can claim. Who was too late to be
 * claimed finds under the lock what came of it: its ticket is done, or it takes its item back from
 * the batch that collects, or its ticket from the one that flies. Its node may stay in the queue
 * of a batch that is used again; no claim succeeds there.
 * `inside` counts those who wait and will touch the batcher again unless they are told. Life: a
 * task's last touch is unlocking; who tells a waiter touches the waiter alone. So the batcher may be
 * freed when nothing is collected or flies, nobody is inside, and the alarm does not ring:
 * fl_batcher_settled. Threads: any. */
#ifndef FL_BATCHER_H
#define FL_BATCHER_H

#include <filch/batcher.h>
#include <runtime/sync/alarm.h>
#include <runtime/sync/wait.h>

typedef struct fl_batch fl_batch;

/* An add that is under way. */
typedef struct fl_ticket {
    void *item;
    filch_flushed_fn *told;
    void *arg;
    bool waits;      /* for the outcome */
    fl_batch *batch; /* that its item is in; NULL: none yet */
    size_t index;
    bool done;
    int outcome;
} fl_ticket;

typedef struct fl_entry {
    fl_ticket *ticket; /* who waits, or NULL */
    filch_flushed_fn *told;
    void *arg;
} fl_entry;

struct fl_batch {
    fl_job job; /* first */
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
    bool closed;
    unsigned flying;
    size_t inside;
    fl_batch *collecting, *free;
    filch_waiters room, closers;
    filch_batcher_stats stats;
    fl_batch batches[];
};

/* ---- With the lock (batcher_task.c) ---- */

bool fl_batcher_settled(const filch_batcher *batcher);
/* The batch that collects has room. */
void fl_batcher_put(filch_batcher *batcher, fl_ticket *ticket, int64_t now);
/* Lets go what may go, and in who waits for room: a list, to be told 0 when the lock is free. */
fl_node *fl_batcher_dispatch(filch_batcher *batcher, int64_t now);
/* Unlocks, and tells: the list, and if everything is over, who waits for that. */
void fl_batcher_leave(filch_batcher *batcher, fl_node *told);

/* ---- Without ---- */

/* What the alarm's task does: is what was collected old enough? */
void fl_batcher_look(filch_batcher *batcher, int64_t now);
void fl_batcher_look_task(filch_self self, fl_job *job);

#endif
