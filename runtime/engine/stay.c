/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/engine/stay.h>

#include <runtime/engine/forkjoin.h>
#include <runtime/engine/panic.h>
#include <runtime/engine/park.h>
#include <runtime/engine/runtime.h>
#include <runtime/engine/starve.h>
#include <runtime/engine/threads.h>

#include <filch/guest.h>

void fl_stay_resume(fl_fiber *fiber)
{
    fl_worker *home = fiber->worker;
    fl_runtime *rt = home->rt;
    filch_u32_add(&rt->inbox.visitors, 1, FILCH_RELAXED); /* the put below publishes it */
    fl_thread_noted();
    fl_inbox_put(&home->kept, &fiber->wake);
    filch_fence_seq_cst(); /* I9 */
    fl_call_back(home);
    fl_relieve(&rt->fibers.starve);
    filch_u32_add(&rt->inbox.visitors, (uint32_t)-1, FILCH_RELEASE); /* E5 */
}

static void change_homed(fl_worker *worker, uint32_t by)
{
    uint32_t homed = filch_u32_load(&worker->homed, FILCH_RELAXED); /* its own */
    filch_u32_store(&worker->homed, homed + by, FILCH_RELAXED);     /* for a guest: its CAS (U3) */
}

void fl_stay_back(fl_fiber *fiber, unsigned stays)
{
    if (fiber->stays && !stays)
        change_homed(fiber->worker, (uint32_t)-1);
    fiber->stays = stays;
}

void filch_stay_begin(filch_self self)
{
    fl_refuse_stranger(self, "filch_stay_begin");
    fl_fiber *fiber = fl_fiber_of(self);
    if (fl_fiber_guest(fiber))
        return;
    if (!fiber->stays++)
        change_homed(fiber->worker, 1);
}

void filch_stay_end(filch_self self)
{
    fl_refuse_stranger(self, "filch_stay_end");
    fl_fiber *fiber = fl_fiber_of(self);
    if (fl_fiber_guest(fiber))
        return;
    unsigned outer = fiber->boundary ? fiber->boundary->stays : 0;
    if (fiber->stays == outer)
        filch_die("filch_stay_end without filch_stay_begin in the same task; call each once, in "
                  "this order");
    fl_stay_back(fiber, fiber->stays - 1);
}
