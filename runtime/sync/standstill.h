/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Standstill at the cap on fibers: all fibers of a runtime wait, max_fibers allows no other, and
 * tasks wait to begin. That is no deadlock while a timer or a thread may wake one of the fibers, but
 * a user who does not know of the cap sees a program that hangs. So a worker that starves
 * (runtime/engine/starvation.h) looks at each long nap. A runtime in which no task has run for a second
 * is reported, as FILCH_DEADLOCK says (<filch/deadlock.h>), and again after two seconds, four, and
 * so on. It never ends the process. */
#ifndef FL_STANDSTILL_H
#define FL_STANDSTILL_H

#include <runtime/engine/runtime.h>

/* A worker of rt starves, and has found nothing. */
void fl_standstill_look(fl_runtime *rt);

#endif
