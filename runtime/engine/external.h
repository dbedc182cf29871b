/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Work from outside: finding the runtime that a public call means, starting work items on it, and
 * filch_run. The call of filch_run lies on the waiter's stack; completing it is the last touch.
 *
 * Edges:
 *   PostDone: exchange state -> DONE, acq_rel       -> AwaitDone, wait: load state, acquire; it
 *                                                      sees the result
 *   AnnounceWait: CAS state -> WAITED_FOR, acq_rel  |  PostDone: one of the two sees the other;
 *                                                      PostDone wakes */
#ifndef FL_EXTERNAL_H
#define FL_EXTERNAL_H

#include <filch/base.h>
#include <runtime/engine/fiber.h>
#include <runtime/engine/inbox.h>
#include <runtime/engine/runtime.h>

typedef struct fl_call {
    fl_work_item work_item;
    const filch_task *task;
    filch_slot *slot;
    const char *file; /* where it was called, or NULL */
    int line;
    filch_failure failure; /* code 0: none */
    filch_u32 state;       /* a foreign thread waits on it */
    fl_runtime *home;      /* or a fiber of this runtime waits, */
    fl_fiber *waiter;      /* this one */
} fl_call;

/* Runs it and notifies the waiter. */
void fl_call_run(filch_self self, fl_call *call);

/* The runtime that a caller means: *rt; if that is NULL, the caller's own, stored to *rt. Negative
 * errno through fl_fail. */
int fl_runtime_meant(fl_runtime **rt, const char *call);
/* The same for queries, which a child of fork() may make. NULL: none, through fl_fail. */
const fl_runtime *fl_runtime_asked(const fl_runtime *rt, const char *call);

/* Puts a work item into its caller's ready deque, or into the inbox if the caller is not a worker
 * of rt. Never fails. */
void fl_start(fl_runtime *rt, fl_work_item *work_item);
/* The same for a work item that can wait for a worker that is being woken already, such as one that
 * takes many items at a time. Two workers that come for few items find little, and displace the
 * submitter. */
void fl_start_patient(fl_runtime *rt, fl_work_item *work_item);
/* The same for count work items, with one fence, and one worker woken: a worker that finds several
 * wakes the next. */
void fl_start_all(fl_runtime *rt, fl_work_item *const *work_items, unsigned count);

/* filch_yield in another public call, `call`: a literal, for reports. */
void fl_yield_in(filch_self self, const char *call);

#endif
