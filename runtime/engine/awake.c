/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/engine/awake.h>

#include <runtime/engine/find.h>
#include <runtime/engine/runtime.h>
#include <runtime/engine/suspend.h>
#include <runtime/platform/clock.h>
#include <runtime/platform/spin.h>
#include <sched/mode.h>
#include <sched/rest.h>

static void pass_time(const fl_runtime *rt)
{
    if (rt->settings.idle == FL_IDLE_YIELD || !fl_may_spin(rt)) {
        fl_yield();
        return;
    }
    fl_spin_for(FL_AWAKE_PAUSE);
}

static bool ends(const fl_runtime *rt)
{
    return filch_u32_load(&rt->stopping, FILCH_RELAXED); /* a look: a sleeper looks again (E2) */
}

bool fl_stay_awake(fl_worker *worker, int64_t nap)
{
    fl_runtime *rt = worker->rt;
    if (rt->settings.idle == FL_IDLE_SLEEP || ends(rt))
        return false;
    fl_fibers_return(worker);
    int64_t until = nap ? fl_now() + nap : 0;
    do
        pass_time(rt);
    while (nap && !ends(rt) && !fl_work_ready(rt) && fl_now() < until);
    return true;
}
