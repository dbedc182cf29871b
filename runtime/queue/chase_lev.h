/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Parts of the queue chase-lev that its variants use. */
#ifndef FL_CHASE_LEV_H
#define FL_CHASE_LEV_H

#include <sched/forkstack.h>

void fl_chase_lev_forked(struct fl_worker *worker, filch_self self);
void fl_chase_lev_flush(struct fl_worker *worker, fl_forkstack *stack);
unsigned fl_chase_lev_length(const struct fl_worker *worker);
bool fl_chase_lev_pending(struct filch_runtime *rt);
/* The same, with another look at the fork stack that each worker runs. */
bool fl_chase_lev_pending_by(struct filch_runtime *rt, bool (*look)(fl_forkstack *stack));
/* The owner's worker: puts an offered slot into a deque, for others to find. */
void fl_hand_out(void *worker, filch_slot *slot);
/* The same for a slot that is not offered yet. */
void fl_offer_out(struct fl_worker *worker, filch_slot *slot);

#endif
