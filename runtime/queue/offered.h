/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * What disciplines have in common that keep forked tasks in queues. A task stays in its fiber's slot;
 * a queue holds the slot's address. Whoever changes the slot's state from OFFERED runs it (O2 of
 * sched/forkstack.h): the joining owner, or a worker that found it in a queue. An entry whose task
 * its owner had back is stale; it is skipped, or serves the next task of the same slot, which is
 * claimed in the same way. So no entry runs a task twice, and `claimed` is read after the claim only. */
#ifndef FL_OFFERED_H
#define FL_OFFERED_H

#include <runtime/core/worker.h>

/* Owner: offers what has been forked last; the slot is to be put into a queue. */
filch_slot *fl_offer_forked(filch_self self);
/* Owner, where no queue has room: runs it at once, unless a stale entry has brought somebody here. */
void fl_offered_run(filch_self self, filch_slot *slot);
/* Whoever found the slot in a queue: *work, if it is still to be had. */
bool fl_offered_take(fl_worker *worker, filch_slot *slot, fl_work *work);

/* A discipline's functions. Everything forked lies where others find it: nothing to flush. */
enum fl_settled fl_offered_settle(fl_forkstack *stack, filch_slot *slot);
void fl_offered_take_back(fl_forkstack *stack, filch_slot *slot);
void fl_offered_flush(fl_worker *worker, fl_forkstack *stack);

#endif
