/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Suspending and resuming fibers, and the fibers that a worker keeps back. suspend.c has the order
 * of a switch. */
#ifndef FL_SUSPEND_H
#define FL_SUSPEND_H

#include <runtime/engine/fiber.h>
#include <runtime/engine/runtime.h>
#include <runtime/engine/worker.h>

/* The calling fiber stops and another goes on, where action(worker, calling fiber, arg) runs first.
 * The caller's fork stack must be empty or flushed. Returns when the fiber is resumed, perhaps on
 * another worker. */
void fl_leave(fl_fiber *fiber, fl_action *action, void *arg);
/* The same with a flush: for every suspension that is not a join. */
void fl_suspend(filch_self self, fl_action *action, void *arg);
/* Goes on with `next` at once; the calling fiber is at the bottom of its loop and no longer
 * needed. */
void fl_retire_into(fl_fiber *fiber, fl_fiber *next);
void fl_switch(fl_worker *worker, fl_fiber *from, fl_fiber *to, fl_action *action, void *arg);
/* The worker runs this fiber from now on, also for thieves. */
void fl_works_on(fl_worker *worker, fl_fiber *fiber);
/* The first call on a stack that was switched to. */
void fl_arrive(fl_fiber *fiber);
/* Makes a suspended fiber ready. Any thread. */
void fl_resume(fl_runtime *rt, fl_fiber *fiber);
/* A fiber to run the loop on, or NULL: none can be had. */
fl_fiber *fl_fiber_for_loop(fl_worker *worker);
void fl_fiber_recycle(fl_worker *worker, fl_fiber *fiber);
/* Gives up the fibers that the worker keeps back for itself. */
void fl_fibers_return(fl_worker *worker);

#endif
