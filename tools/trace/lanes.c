/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "lanes.h"

#include <stdlib.h>

bool lanes_begin(lanes *all, uint32_t workers, lane_fn *each, void *arg)
{
    *all = (lanes){.workers = workers, .each = each, .arg = arg};
    all->open = calloc(workers, sizeof *all->open);
    for (uint32_t i = 0; all->open && i < workers; i++)
        all->open[i] = (lane_part){.worker = i, .from = -1, .doing = FL_SEARCHING};
    return all->open;
}

static void close_part(lanes *all, lane_part *open, int64_t ns)
{
    lane_part ended = *open;
    ended.to = ns;
    if (open->from >= 0 && ns > open->from)
        all->each(all->arg, &ended);
    open->from = ns;
}

static uint32_t name_of(lanes *all, uint32_t number)
{
    const fiber *f = fibers_at(&all->fibers, number);
    const fiber_run *run = f ? fiber_runs(f) : NULL;
    return run ? run->name : 0;
}

/* The worker does that from now on. */
static void turn(lanes *all, const trace_event *e, enum fl_doing doing, uint32_t fiber_number)
{
    lane_part *open = &all->open[e->writer];
    uint32_t name = name_of(all, fiber_number);
    if (open->from >= 0 && open->doing == doing && open->fiber == fiber_number &&
        open->name == name)
        return;
    close_part(all, open, e->ns);
    open->doing = doing;
    open->fiber = fiber_number;
    open->name = name;
}

static void begin(lanes *all, fiber *f, const trace_event *e, uint32_t slot)
{
    if (f)
        fiber_begin(&all->fibers, f, &(fiber_run){e->ns, e->b, e->kind, slot});
}

void lanes_event(lanes *all, const trace_event *e)
{
    if (e->writer >= all->workers)
        return;
    lane_part *open = &all->open[e->writer];
    fiber *f = fibers_at(&all->fibers, open->fiber);
    switch (e->kind) {
    case FL_TRACE_DOES:
        if (e->a < FL_DOINGS)
            turn(all, e, (enum fl_doing)e->a, open->fiber);
        return;
    case FL_TRACE_SWITCH:
        turn(all, e, open->doing, e->a);
        return;
    case FL_TRACE_JOB:
    case FL_TRACE_TASK:
    case FL_TRACE_POOLED:
        begin(all, f, e, 0);
        break;
    case FL_TRACE_RUN:
        begin(all, f, e, e->a);
        break;
    case FL_TRACE_RUN_END:
        if (f)
            fiber_end(f, FL_TRACE_RUN, e->a);
        break;
    case FL_TRACE_JOB_END:
    case FL_TRACE_TASK_END:
    case FL_TRACE_POOLED_END:
        f = fibers_at(&all->fibers, e->a);
        if (f)
            fiber_end(f, e->kind - 1, 0); /* that of its begin */
        break;
    default:
        return;
    }
    turn(all, e, open->doing, open->fiber);
}

bool lanes_end(lanes *all, int64_t ns)
{
    bool is_whole = !all->fibers.is_short;
    for (uint32_t i = 0; i < all->workers; i++)
        close_part(all, &all->open[i], ns);
    fibers_free(&all->fibers);
    free(all->open);
    return is_whole;
}
