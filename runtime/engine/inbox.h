/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The inbox, where work from outside arrives: liburcu's wait-free queue (Desnoyers, Jiangshan:
 * wfcqueue). Any thread enqueues, with one exchange; workers dequeue one at a time under a
 * try-lock, by non-blocking calls only (the blocking ones sleep 10 ms behind an enqueuer that was
 * preempted between its two steps). FIFO.
 *
 * A put has two steps: it exchanges the tail, then links the node. A submitter that is stopped
 * between the two leaves a gap: neither the node before it nor any node behind it can be taken.
 * Here is the race with a worker that goes to sleep:
 *   1. Submitter S exchanges the tail, and the system stops it.
 *   2. Worker W finds nothing to take, and is the last one to look before it sleeps.
 *   3. If W took "not empty" for work, it would search again and again until S goes on.
 * So W asks whether something can be *taken* (fl_inbox_offers), and sleeps if not. S goes on: it
 * links its node, fences and looks for sleepers (P5, P6 of sched/idle.h). Either W's look has seen
 * the link, or S sees that W sleeps, and wakes it. Then W takes both nodes at the gap. Everything
 * else behind the gap was linked by submitters that have already woken a worker; a worker that
 * finds one item wakes the next (Q2). Only the end of a runtime needs an inbox without gaps
 * (fl_inbox_empty).
 *
 * Edges, beside those that liburcu makes:
 *   X1 drained: store draining 0, release    -> X2 drain: exchange draining 1, acquire; it sees the
 *                                               queue's head */
#ifndef FL_INBOX_H
#define FL_INBOX_H

#include <runtime/engine/work_item.h>

#include <stdbool.h>

typedef struct fl_inbox {
    struct cds_wfcq_tail tail; /* submitters */
    filch_u32 visitors;        /* those inside fl_submit_across */
    char apart1[FILCH_APART - sizeof(struct cds_wfcq_tail) - sizeof(filch_u32)];
    struct __cds_wfcq_head head; /* the holder of `draining` */
    filch_u32 draining;
    char apart2[FILCH_APART];
} fl_inbox;

void fl_inbox_init(fl_inbox *inbox);
/* Any thread. The caller then fences and wakes. */
void fl_inbox_put(fl_inbox *inbox, fl_work_item *work_item);
/* The same for count work items, at least one, in their order, with one exchange of the shared
 * word. */
void fl_inbox_put_all(fl_inbox *inbox, fl_work_item *const *work_items, unsigned count);
/* A worker: up to `most` work items into `work_items`, oldest first; 0: none, or another worker
 * drains the inbox. */
unsigned fl_inbox_take(fl_inbox *inbox, fl_work_item **work_items, unsigned most);
/* Nothing is there, and no thread is putting anything. */
bool fl_inbox_empty(fl_inbox *inbox);
/* Before a sleep, after a fence: is there something to take? Also true while another worker drains
 * it. false although it is not empty: a submitter is in the middle of a put, which it ends with a
 * fence and a wake-up. */
bool fl_inbox_offers(fl_inbox *inbox);

#endif
