/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/engine/guest_cpu.h>

#include <runtime/engine/choose_sleeper.h>
#include <runtime/engine/runtime.h>
#include <runtime/platform/clock.h>
#include <runtime/platform/machine/affinity.h>
#include <runtime/platform/machine/placement.h>

static const int64_t AGAIN_AFTER = 1000000; /* ns */

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
