/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A task that somebody outside waits for: filch_run. It lies on the waiter's stack; completing it
 * is the last touch.
 *
 * Edges:
 *   C1 done: exchange state -> DONE, acq_rel   -> C2 wait: load state, acquire; it sees the result
 *   C3 wait: CAS state -> WAITED_FOR, acq_rel  | C1: one of the two sees the other; C1 wakes */
#ifndef FL_CALL_H
#define FL_CALL_H

#include <filch/failure.h>
#include <runtime/core/worker.h>

typedef struct fl_call {
    fl_job job;
    const filch_task *task;
    filch_slot *slot;
    filch_failure failure; /* code 0: none */
    filch_u32 state;       /* a foreign thread waits on it */
    fl_runtime *home;      /* or a fiber of this runtime waits, */
    fl_fiber *waiter;      /* this one */
} fl_call;

/* Runs it and tells the waiter. */
void fl_call_run(filch_self self, fl_call *call);

#endif
