/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/engine/unpinned.h>

#include <runtime/engine/fiber.h>
#include <runtime/engine/worker.h>
#include <runtime/platform/affinity.h>
#include <runtime/platform/error.h>

#include <errno.h>
#include <string.h>

void fl_unpinned_end(fl_fiber *fiber)
{
    fl_worker *here =
        fl_worker_here(); /* after a panic that was caught inside, perhaps another one */
    if (!here || here->unpinned != fiber)
        return;
    here->unpinned = NULL;
    fl_affinity_narrow();
}

void fl_unpinned_suspends(const fl_fiber *fiber)
{
    const char *task = fl_fiber_task(fiber);
    const char *in = filch_ptr_load(&fiber->waits_in, FILCH_RELAXED); /* its own store */
    filch_die(
        "task %s waits inside filch_unpinned (%s); start threads and processes there, and wait "
        "after filch_unpinned has returned",
        task ? task : "(unnamed)", in ? in : "a join, a yield or a call that suspends");
}

int filch_unpinned(void (*fn)(void *arg), void *arg)
{
    if (!fn)
        return fl_fail(EINVAL, "filch_unpinned without a function; give it one");
    fl_worker *here = fl_worker_here();
    if (!here || here->unpinned || fl_fiber_guest(here->running)) { /* not bound, or not any more */
        fn(arg);
        return 0;
    }
    int rc = fl_affinity_widen();
    if (rc)
        return fl_fail(-rc,
                       "filch_unpinned cannot widen the affinity of worker %u: %s; allow "
                       "sched_setaffinity, or create the runtime with bind = \"none\"",
                       here->index, strerror(-rc));
    fl_fiber *fiber = here->running;
    here->unpinned = fiber;
    fn(arg);
    fl_unpinned_end(fiber);
    return 0;
}
