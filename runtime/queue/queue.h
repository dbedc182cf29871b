/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The registry of disciplines, and what a shared queue needs from the runtime's life. */
#ifndef FL_QUEUE_H
#define FL_QUEUE_H

#include <sched/discipline.h>

extern const fl_discipline fl_discipline_chase_lev;
extern const fl_discipline fl_discipline_central_mutex;

/* All disciplines, ended by NULL; the first is the default. */
extern const fl_discipline *const fl_disciplines[];

/* For disciplines with `shared` set: -ENOMEM as a plain errno. */
int fl_central_create(struct filch_runtime *rt);
void fl_central_destroy(struct filch_runtime *rt);

#endif
