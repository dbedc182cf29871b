/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The tasks of a batcher: flushing, and the look at the age of the collected batch. */
#ifndef FL_BATCHER_TASK_H
#define FL_BATCHER_TASK_H

#include <runtime/engine/inbox.h>
#include <runtime/patterns/batcher.h>
#include <runtime/sync/wait.h>

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
