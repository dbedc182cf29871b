/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/engine/waits.h>

#include <runtime/engine/fiber.h>
#include <runtime/engine/runtime.h>
#include <runtime/platform/lock.h>

typedef struct walk {
    fl_waits_fn *see;
    void *arg;
} walk;

static void look_at(fl_fiber *fiber, void *arg)
{
    walk *w = arg;
    const char *call = fl_fiber_suspended_in(fiber);
    if (call)
        w->see(fiber, call, w->arg);
}

void fl_waits_each(fl_runtime *rt, fl_waits_fn *see, void *arg)
{
    walk w = {see, arg};
    fl_lock(&rt->report.lock);
    filch_u32_store(&rt->report.reading, 1, FILCH_RELAXED); /* Y8 */
    filch_fence_seq_cst();                                  /* Y8 */
    fl_fibers_each(&rt->fibers, look_at, &w);
    filch_u32_store(&rt->report.reading, 0, FILCH_RELEASE); /* Y9 */
    fl_unlock(&rt->report.lock);
}

void fl_waits_let_read(fl_runtime *rt)
{
    fl_lock(&rt->report.lock);
    fl_unlock(&rt->report.lock);
}
