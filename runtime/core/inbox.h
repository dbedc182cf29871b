/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Where work from outside arrives: liburcu's wait-free queue (Desnoyers, Jiangshan: wfcqueue). Any
 * thread enqueues, with one exchange; workers dequeue one at a time under a try-lock, by
 * non-blocking calls only (the blocking ones sleep 10 ms behind an enqueuer that was preempted
 * between its two steps). FIFO.
 *
 * Edges, beside those that liburcu makes:
 *   X1 drained: store draining 0, release    -> X2 drain: exchange draining 1, acquire; it sees the
 *                                               queue's head */
#ifndef FL_INBOX_H
#define FL_INBOX_H

#include <runtime/core/job.h>

#include <stdbool.h>

typedef struct fl_inbox {
    struct cds_wfcq_tail tail; /* submitters */
    filch_u32 visitors;        /* those inside fl_submit_across */
    char apart1[FILCH_APART - sizeof(struct cds_wfcq_tail) - sizeof(filch_u32)];
    struct __cds_wfcq_head head; /* whoever holds `draining` */
    filch_u32 draining;
    char apart2[FILCH_APART];
} fl_inbox;

void fl_inbox_init(fl_inbox *inbox);
/* Any thread. The caller then fences and wakes. */
void fl_inbox_put(fl_inbox *inbox, fl_job *job);
/* The same for count jobs, at least one, in their order and with one exchange of what is shared. */
void fl_inbox_put_all(fl_inbox *inbox, fl_job *const *jobs, unsigned count);
/* A worker: up to `most` jobs into `jobs`, oldest first; 0: none, or another worker is at it. */
unsigned fl_inbox_take(fl_inbox *inbox, fl_job **jobs, unsigned most);
bool fl_inbox_empty(fl_inbox *inbox);

#endif
