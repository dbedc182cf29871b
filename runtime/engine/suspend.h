/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Suspending and resuming fibers, and the fibers that a worker keeps back. suspend.c has the order
 * of a switch. */
#ifndef FL_SUSPEND_H
#define FL_SUSPEND_H

#include <runtime/engine/fiber.h>
#include <runtime/engine/find_work.h>
#include <runtime/engine/inbox.h>
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

/* ---- Tasks that keep their thread ---- */

/* Tasks that keep their thread (filch_stay_begin). For libraries that ask for one thread. Between
 * begin and end the task's fiber has a home, the worker that it runs on. It waits as any fiber
 * does, and the home's thread runs other work meanwhile. When it becomes ready it goes to the
 * home's own inbox, where no thief looks, and the home is woken if it sleeps.
 *   LookAtKept, sleeper: ParkSleeper; seq_cst       |  PutKept; one of the two sees the other
 *      fence; look whether something can be taken
 *      from the home's inbox
 *   PutKept, resume: put the fiber there; seq_cst   |  LookAtKept
 *      fence; load the home's park word; if it
 *      sleeps: UnparkSleeper or WakeHelper of
 *      runtime/engine/park.c. No token: it leaves
 *      as one whose time has come
 *
 * As long as it has such fibers, a home is not surplus, and no guest borrows it (after BorrowWorker
 * of runtime/engine/guest.h), since its thread would sleep. A guest that has waited may get its
 * turn there. That is like a long task: the fibers wait for its end, or until it yields or waits. A
 * home takes from its inbox at every second find, so fibers that stay and other work take turns. In
 * a runtime at max_fibers the home may starve (runtime/engine/starvation.h), and then looks there
 * every tenth of a second at the latest. */

/* The fiber, which waits and stays, goes on. Any thread. */
void fl_stay_resume(fl_fiber *fiber);
/* Undoes begins of a task that panics, or that ends: `stays` as before it. */
void fl_stay_back(fl_fiber *fiber, unsigned stays);

/* By the home. */
static inline bool fl_has_homed(fl_worker *home)
{
    return FILCH_UNLIKELY(filch_u32_load(&home->homed, FILCH_RELAXED)); /* its own */
}

static inline bool fl_stay_offers(fl_worker *home)
{
    if (!fl_has_homed(home))
        return false;
    filch_fence_seq_cst(); /* LookAtKept */
    return fl_inbox_offers(&home->kept);
}

static inline fl_fiber *fl_stay_take(fl_worker *home)
{
    fl_work_item *one;
    return fl_has_homed(home) && fl_inbox_take(&home->kept, &one, 1) ? one->as.fiber : NULL;
}

#endif
