/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Common parts of the queues outside the fork stacks. A task stays in its fiber's slot; a queue
 * holds the slot's address. The worker that changes the slot's state from OFFERED runs it
 * (TakeOffer of sched/forkstack.h): the joining owner, or a worker that found it in a queue. An
 * entry is stale once the owner has taken its task back. It is skipped, or serves the next task of
 * the same slot, which is claimed in the same way. So no entry runs a task twice, and `claimed` is
 * read only after the claim. */
#ifndef FL_OFFERED_H
#define FL_OFFERED_H

#include <runtime/engine/find_work.h>
#include <runtime/engine/worker.h>
#include <sched/forkstack.h>

/* Owner: offers the newest forked task; the caller puts the returned slot into a queue. */
filch_slot *fl_offer_forked(filch_self self);
/* Owner, when no queue has room: runs it at once, unless another worker has taken it through a
 * stale entry. */
void fl_offered_run(filch_self self, filch_slot *slot);
/* A worker that found the slot in a queue: fills *work. false: the task is already taken. */
bool fl_offered_take(fl_worker *worker, filch_slot *slot, fl_work *work);

/* A queue's functions. Others can already find all forked tasks, so flush has nothing to do. */
enum fl_settled fl_offered_settle(fl_forkstack *stack, filch_slot *slot);
void fl_offered_take_back(fl_forkstack *stack, filch_slot *slot);
void fl_offered_flush(fl_worker *worker, fl_forkstack *stack);

#endif
