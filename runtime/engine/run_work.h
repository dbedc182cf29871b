/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Running what was found. */
#ifndef FL_RUN_WORK_H
#define FL_RUN_WORK_H

#include <filch/task.h>
#include <runtime/engine/find_work.h>
#include <runtime/engine/inbox.h>

/* A fiber's life: find, run, again; entry of every fiber. */
void fl_fiber_loop(void *fiber);
/* Runs what was taken from others' forks, SLOT or RANGE, from self on. */
void fl_run_forked(filch_self self, const fl_work *work);
/* Runs a work item that is no fiber. */
void fl_run_job(filch_self self, fl_work_item *work_item);
/* Runs a taken slot and publishes its result. */
void fl_run_slot(filch_self self, filch_slot *slot, const filch_task *task);
/* The library's own task, which only hands out what was taken: it is in no trace. */
extern const filch_task *const fl_own_task;

#endif
