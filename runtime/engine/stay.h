/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Tasks that keep their thread (filch_stay_begin). For libraries that ask for one thread. Between
 * begin and end the task's fiber has a home, the worker that it runs on. It waits as any fiber
 * does, and the home's thread runs other work meanwhile. When it becomes ready it goes to the
 * home's own inbox, where no thief looks, and the home is woken if it sleeps.
 *   I8 sleeper: B1; seq_cst fence; look whether       | I9; one of the two sees the other
 *      something can be taken from the home's inbox
 *   I9 resume: put the fiber there; seq_cst fence;    | I8
 *      load the home's park word; if it sleeps: B2
 *      or W8 of runtime/engine/park.c. No token: it
 *      leaves as one whose time has come
 *
 * As long as it has such fibers, a home is not surplus, and no guest borrows it (after U3 of
 * runtime/engine/guest.h), since its thread would sleep. A guest that has waited may get its turn
 * there. That is like a long task: the fibers wait for its end, or until it yields or waits. A home
 * takes from its inbox at every second find, so fibers that stay and other work take turns. In a
 * runtime at max_fibers the home may starve (runtime/engine/starve.h), and then looks there every
 * tenth of a second at the latest. */
#ifndef FL_STAY_H
#define FL_STAY_H

#include <runtime/engine/fiber.h>
#include <runtime/engine/inbox.h>
#include <runtime/engine/work.h>
#include <runtime/engine/work_item.h>
#include <runtime/engine/worker.h>

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
    filch_fence_seq_cst(); /* I8 */
    return fl_inbox_offers(&home->kept);
}

static inline fl_fiber *fl_stay_take(fl_worker *home)
{
    fl_work_item *one;
    return fl_has_homed(home) && fl_inbox_take(&home->kept, &one, 1) ? one->as.fiber : NULL;
}

#endif
