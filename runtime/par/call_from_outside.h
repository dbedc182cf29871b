/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The entry of every parallel algorithm, for tasks, which have a self, and for other threads, which
 * name a runtime. */
#ifndef FL_CALL_FROM_OUTSIDE_H
#define FL_CALL_FROM_OUTSIDE_H

#include <filch/task.h>

/* Runs task(self, call), which returns an int: here, with a self; else as a task of rt whose end
 * the caller waits for. Returns that int, or an error of filch_run. A result other than 0 gets a
 * sentence for filch_error() that names the algorithm, `who`. */
int fl_enter(const char *who, filch_self self, filch_runtime *rt, const filch_task *task,
             void *call);

#endif
