/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/engine/guest_cpu.h>

#include <runtime/engine/choose_sleeper.h>
#include <runtime/engine/runtime.h>
#include <runtime/platform/clock.h>
#include <runtime/platform/machine/affinity.h>
#include <runtime/platform/machine/placement.h>
#include <runtime/platform/spin.h>

#include <sched.h>

enum { SHORT = 20000 /* ns */, OF_ANOTHER = -1 };
static const int64_t AGAIN_AFTER = 1000000; /* ns */

static bool was_short(fl_pace *pace)
{
    uint64_t began = pace->began;
    pace->began = fl_ticks();
    return pace->began - began < fl_spin_ticks(SHORT);
}

void fl_pace_turn(fl_pace *pace)
{
    pace->short_wait = was_short(pace);
}

static unsigned patience(const fl_pace *pace, const fl_worker *worker, bool last_was_short)
{
    bool apart = pace->cpu != OF_ANOTHER && pace->cpu != pace->givers_cpu;
    return last_was_short && apart && fl_may_spin(worker->rt) ? SHORT : 0;
}

unsigned fl_pace_wait(fl_pace *pace, const fl_worker *worker)
{
    pace->short_turn = was_short(pace);
    pace->cpu =
        fl_near_is_of_another(&worker->rt->near, worker->index) ? OF_ANOTHER : sched_getcpu();
    return patience(pace, worker, pace->short_wait);
}

unsigned fl_pace_give(fl_pace *pace, const fl_worker *worker)
{
    pace->givers_cpu = sched_getcpu();
    return patience(pace, worker, pace->short_turn);
}

void fl_guest_keep_apart(fl_worker *worker)
{
    fl_runtime *rt = worker->rt;
    const fl_placement *placement = &rt->resident.placement;
    if (!placement->pinned || !fl_near_is_of_another(&rt->near, worker->index))
        return;
    int64_t now = fl_now();
    if (now - worker->moved_at < AGAIN_AFTER)
        return;
    worker->moved_at = now;
    struct fl_affinity own =
        fl_placement_cpus(placement, fl_placement_span(placement, worker->index));
    fl_affinity_move(&own);
    fl_affinity_free(&own);
}
