/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A bounded queue of offered slots, first in, first out: liburcu's wait-free queue, as the inbox
 * uses it. A put never waits (one exchange). A take never waits either, but only one worker takes
 * at a time; its edges are EndDrain and BeginDrain of runtime/engine/inbox.h. An entry is a cell of
 * its own, since the slot of a stale entry is in use again (runtime/queue/offered.h).
 *
 * `waiting` only bounds the queue and says about how long it is; it orders nothing. */
#ifndef FL_SLOT_QUEUE_H
#define FL_SLOT_QUEUE_H

#include <runtime/engine/find_work.h>
#include <runtime/engine/inbox.h>
#include <runtime/engine/worker.h>
#include <runtime/queue/offered.h>

typedef struct fl_slot_queue {
    fl_inbox entries;
    filch_u64 waiting; /* or about to be put */
} FILCH_ALIGNED(FILCH_APART) fl_slot_queue;

void fl_slot_queue_init(fl_slot_queue *queue);
/* No thread may use it any more; the remaining entries are stale. */
void fl_slot_queue_clear(fl_slot_queue *queue);
/* Owner of the slot. The caller then fences and wakes. false: it is full, or there is no memory. */
bool fl_slot_queue_put(fl_slot_queue *queue, filch_slot *slot);
/* A worker: the oldest task that is not taken. false: none, or another worker is taking one. */
bool fl_slot_queue_take(fl_slot_queue *queue, fl_worker *worker, fl_work *work);
bool fl_slot_queue_empty(fl_slot_queue *queue);
/* Before a sleep: as fl_inbox_offers. */
bool fl_slot_queue_offers(fl_slot_queue *queue);
/* Stale entries are counted. */
uint64_t fl_slot_queue_length(fl_slot_queue *queue);

#endif
