/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A bounded queue of offered slots, first in, first out: liburcu's wait-free queue, as the inbox uses
 * it. Who puts waits for nobody (one exchange); who takes waits for nobody either, but only one at a
 * time does; its edges are X1 and X2 of runtime/core/inbox.h. An entry is a cell of its own, since
 * the slot of a stale entry is in use again (runtime/queue/offered.h).
 *
 * `waiting` only bounds the queue and says about how long it is; it orders nothing. */
#ifndef FL_SLOT_QUEUE_H
#define FL_SLOT_QUEUE_H

#include <runtime/queue/offered.h>

typedef struct fl_slot_queue {
    fl_inbox entries;
    filch_u64 waiting; /* or about to be put */
} FILCH_ALIGNED(FILCH_APART) fl_slot_queue;

void fl_slot_queue_init(fl_slot_queue *queue);
/* Nobody uses it any more; what is left is stale. */
void fl_slot_queue_clear(fl_slot_queue *queue);
/* Owner of the slot. The caller then fences and wakes. false: it is full, or there is no memory. */
bool fl_slot_queue_put(fl_slot_queue *queue, filch_slot *slot);
/* A worker: the oldest that is still to be had. false: there is none, or others are at it. */
bool fl_slot_queue_take(fl_slot_queue *queue, fl_worker *worker, fl_work *work);
bool fl_slot_queue_empty(fl_slot_queue *queue);
/* Stale entries are counted. */
uint64_t fl_slot_queue_length(fl_slot_queue *queue);

#endif
