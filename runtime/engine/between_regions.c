/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/engine/between_regions.h>

#include <runtime/engine/runtime.h>
#include <runtime/platform/clock.h>
#include <sched/idle.h>
#include <sched/rest.h>
#include <sched/warm.h>

fl_gap fl_gap_begin(const fl_worker *worker)
{
    fl_gap gap = {.counts = worker->stolen_lately && fl_may_spin(worker->rt)};
    gap.searched = gap.counts ? fl_warm_time(&worker->warm) : 0;
    gap.spin = fl_spin_begin((unsigned)gap.searched);
    return gap;
}

enum { FULL = 200 /* looks, of FL_AWAKE_PAUSE, of a worker that shares a region; of others one */ };

/* Does another worker sleep, or a guest work in the place of one? No, for a moment, if a guest is just
 * borrowing one. */
static bool has_place(fl_runtime *rt)
{
    return fl_idle_sleepers(fl_idle_look(&rt->idle)) ||
           filch_u32_load(&rt->inbox.visitors,
                          FILCH_ACQUIRE); /* a number; the order is for ReadVisitors */
}

static bool is_in_phase(const fl_worker *worker)
{
    const fl_runtime *rt = worker->rt;
    return filch_u32_load(&rt->phases, FILCH_RELAXED) && /* both: hints */
           !filch_u32_load(&rt->stopping, FILCH_RELAXED) && fl_may_spin(rt) && !fl_surplus(worker);
}

bool fl_gap_lasts(const fl_worker *worker, fl_gap *gap)
{
    if (fl_spin_on(&gap->spin))
        return true;
    if (FILCH_LIKELY(!is_in_phase(worker)))
        return false;
    if (!gap->phase)
        gap->phase = fl_now() + FL_PHASE;
    gap->full = has_place(worker->rt) ? 0 : gap->full + 1;
    fl_spin_for(FL_AWAKE_PAUSE);
    return gap->full < (gap->counts ? FULL : 1) && fl_now() < gap->phase;
}

void fl_gap_ends(fl_worker *worker, const fl_gap *gap)
{
    if (!gap->counts || gap->phase)
        return;
    uint64_t ticks = gap->searched ? fl_ticks() - gap->spin.began : 0; /* else the first rounds */
    fl_warm_found(&worker->warm, (int64_t)(ticks * 1000 / FL_TICKS_PER_US));
}

void fl_gap_sleep(fl_worker *worker, const fl_gap *gap)
{
    worker->gap_searched = gap->searched;
    worker->gap_began = gap->counts && !gap->phase ? fl_now() - gap->searched : 0;
    filch_u64_store(&worker->woken_at, gap->counts ? FL_GAP_ASKS : 0,
                    FILCH_RELAXED); /* a hint for wakers */
}

void fl_gap_wakes(fl_worker *worker)
{
    if (filch_u64_load(&worker->woken_at, FILCH_RELAXED) == FL_GAP_ASKS) /* both: a time */
        filch_u64_store(&worker->woken_at, (uint64_t)fl_now(),
                        FILCH_RELAXED); /* for between_regions.h */
}

void fl_gap_woken(fl_worker *worker)
{
    int64_t began = worker->gap_began;
    int64_t at = (int64_t)filch_u64_load(&worker->woken_at,
                                         FILCH_RELAXED); /* a time for between_regions.h */
    worker->gap_began = 0;
    if (at <= FL_GAP_ASKS)
        return;
    filch_u64_store(&worker->woken_at, 0, FILCH_RELAXED); /* it is read */
    if (began)
        fl_warm_slept(&worker->warm, at - began, worker->gap_searched);
    fl_warm_woken(&worker->warm, fl_now() - at);
}
