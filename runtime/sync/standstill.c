/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/sync/standstill.h>

#include <runtime/engine/fiber.h>
#include <runtime/engine/find_work.h>
#include <runtime/engine/settings.h>
#include <runtime/engine/starvation.h>
#include <runtime/engine/statistics.h>
#include <runtime/engine/worker.h>
#include <runtime/platform/clock.h>
#include <runtime/platform/lock.h>
#include <runtime/sync/deadlock.h>
#include <sched/idle.h>

#include <stdio.h>

static const int64_t FIRST = INT64_C(1000000000); /* ns */

static bool stands_still(fl_runtime *rt)
{
    uint64_t word = fl_idle_look(&rt->idle);
    uint32_t starving = filch_u32_load(&rt->fibers.starve.starving, FILCH_RELAXED); /* a look */
    return fl_fibers_count(&rt->fibers) >= rt->settings.max_fibers &&
           fl_idle_resting(word) + starving == rt->worker_set.most && !fl_idle_sleepers(word) &&
           fl_work_anywhere(rt);
}

/* A number that changes whenever a task runs, or a fiber can be had. */
static uint64_t progress(fl_runtime *rt)
{
    uint64_t reliefs = fl_starve_look(&rt->fibers.starve); /* G8 */
    return fl_sum(rt, FL_SUSPENSIONS) + fl_sum(rt, FL_SWITCHES) + (reliefs << 32);
}

/* The time of the standstill, in ns, if it is to be reported; else 0. Under the lock. */
static int64_t due(fl_standstill *last, uint64_t seen, bool still)
{
    int64_t now = fl_now();
    if (!still || !last->since || seen != last->seen) {
        *last = (fl_standstill){.since = still ? now : 0, .seen = seen, .next = FIRST};
        return 0;
    }
    int64_t time = now - last->since;
    if (time < last->next)
        return 0;
    while (last->next <= time)
        last->next *= 2;
    return time;
}

void fl_standstill_look(fl_runtime *rt)
{
    if (rt->settings.deadlock == FL_DEADLOCK_OFF)
        return;
    bool still = stands_still(rt);
    fl_lock(&rt->standstill.lock);
    int64_t time = due(&rt->standstill.last, progress(rt), still);
    fl_unlock(&rt->standstill.lock);
    if (!time)
        return;
    char text[256];
    snprintf(text, sizeof text,
             "filch: standstill for %lld s: all %u fibers wait, and more tasks cannot begin; raise "
             "max_fibers (FILCH_MAX_FIBERS) above %u; FILCH_DEADLOCK=off is silent",
             (long long)(time / FIRST), fl_fibers_count(&rt->fibers), rt->settings.max_fibers);
    fl_detector_tell(text, rt->settings.deadlock);
}
