/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The registry of disciplines. */
#ifndef FL_QUEUE_H
#define FL_QUEUE_H

#include <sched/discipline.h>

extern const fl_discipline fl_discipline_chase_lev;
extern const fl_discipline fl_discipline_chase_lev_outline;
extern const fl_discipline fl_discipline_chase_lev_fenced;
extern const fl_discipline fl_discipline_central_mutex;
extern const fl_discipline fl_discipline_central_lockfree;
extern const fl_discipline fl_discipline_sharing;
extern const fl_discipline fl_discipline_the;
extern const fl_discipline fl_discipline_abp;
extern const fl_discipline fl_discipline_private_split;
extern const fl_discipline fl_discipline_private_request;

/* What chase-lev's relatives have of it. */
void fl_chase_lev_forked(struct fl_worker *worker, filch_self self);
void fl_chase_lev_flush(struct fl_worker *worker, fl_forkstack *stack);
unsigned fl_chase_lev_length(const struct fl_worker *worker);
bool fl_chase_lev_pending(struct filch_runtime *rt);
/* The same by a look of their own at what each worker runs. */
bool fl_chase_lev_pending_by(struct filch_runtime *rt, bool (*look)(fl_forkstack *stack));
/* The owner's worker: puts a slot that was offered where others find it. */
void fl_hand_out(void *worker, filch_slot *slot);
/* The same of a slot that nobody can take yet. */
void fl_offer_out(struct fl_worker *worker, filch_slot *slot);

/* All disciplines, ended by NULL; the first is the default. */
extern const fl_discipline *const fl_disciplines[];

#endif
