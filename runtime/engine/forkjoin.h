/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The slow halves of fork and join, for the engine; include/filch/fork.h has the public ones. */
#ifndef FL_FORKJOIN_H
#define FL_FORKJOIN_H

#include <filch/task.h>
#include <runtime/engine/counters.h>

/* How a join found its task: the caller's to run; ended. */
enum fl_outcome { FL_JOIN_KEPT, FL_JOIN_DONE, FL_JOIN_FAILED };
/* The join of a task that was in `slot` and is erased: waits for it if it was taken. joined: the
 * task that the join names, NULL: any; kept: the counter for one that was not taken. */
enum fl_outcome fl_settle(filch_slot *slot, const filch_task *joined, enum fl_counter kept);

/* A panic's join, of the last unjoined fork: it is not run, or its outcome is dropped.
 * May suspend. */
void fl_drop(filch_slot *slot);

/* Dies unless the fiber of self is what the calling thread, a worker, runs. */
void fl_refuse_stranger(filch_self self, const char *what);

#endif
