/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Finding work: a worker's own, then others', then sleep (runtime/engine/park.h). */
#ifndef FL_FIND_H
#define FL_FIND_H

#include <runtime/engine/runtime.h>
#include <runtime/engine/work.h>
#include <runtime/engine/worker.h>

/* The next thing to do; searches and sleeps. false: the runtime is finished. */
bool fl_find(fl_worker *worker, fl_work *work);
/* The work that an item of a ready deque stands for. false: an offered slot that another
 * worker has taken. */
bool fl_work_from_item(fl_work *work, void *item);
/* Is there anything to do for any worker? A look without fences. */
bool fl_work_anywhere(fl_runtime *rt);
/* The part of it that lies in inbox and ready deques. */
bool fl_work_ready(fl_runtime *rt);

#endif
