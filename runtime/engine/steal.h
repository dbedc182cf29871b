/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Stealing: forked tasks of other workers, and items of their ready deques. */
#ifndef FL_STEAL_H
#define FL_STEAL_H

#include <runtime/engine/counters.h>
#include <runtime/engine/find_work.h>
#include <runtime/engine/worker.h>
#include <sched/forkstack.h>

/* A slot was taken whose task lies in `claimed`: counts that, and makes it the work. Returns
 * true. */
bool fl_took(fl_worker *worker, enum fl_counter counter, filch_slot *slot, fl_work *work);
/* One round over the forked tasks of others, in the order of the policy, for queues that have a
 * take_from; and from one of them. */
bool fl_steal_forked(fl_worker *worker, fl_work *work);
bool fl_steal_forked_from(fl_worker *worker, fl_worker *victim, fl_work *work);
/* From the fork stack on which the victim works: ask, then rob; or only ask, and leave a silent
 * owner alone. */
bool fl_ask_or_rob(fl_worker *worker, fl_worker *victim, fl_work *work);
bool fl_only_ask(fl_worker *worker, fl_worker *victim, fl_work *work);
/* From one fork stack that offers something: ask, then rob. */
bool fl_steal_stack(fl_worker *worker, fl_forkstack *stack, fl_work *work);
/* One round over the ready deques of others. */
bool fl_steal_ready(fl_worker *worker, fl_work *work);
/* More of the deque from which the last item came, if that is long: one to run, and some for the
 * worker's own deque. The caller has nothing else to do, and is not searching. */
bool fl_steal_ready_again(fl_worker *worker, fl_work *work);
/* An item of any kind from it, or from one of them, or NULL. */
void *fl_steal_item(fl_worker *worker);
void *fl_steal_item_from(fl_worker *worker, fl_worker *victim);
/* The oldest item of one ready deque; its owner keeps its only item while it takes that itself. */
bool fl_steal_ready_from(fl_worker *worker, fl_worker *victim, fl_work *work);

#endif
