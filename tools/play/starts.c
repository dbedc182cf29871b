/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "maker.h"

/* ---- Started tasks ---- */

static table_place *item_of(maker *m, const trace_event *e, uint32_t parent)
{
    table_place *place = table_at(&m->items, e->a);
    if (place && !place->value)
        place->value = reel_task_new(&m->reel, &(film_task){.parent = parent});
    m->reel.is_short |= !place || !place->value;
    return m->reel.is_short ? NULL : place;
}

void maker_on_submit(maker *m, fiber_frames *on, const trace_event *e)
{
    uint32_t parent = on ? maker_task_of(frames_top(on)) : 0;
    table_place *place = item_of(m, e, parent);
    if (!place)
        return;
    uint32_t task = (uint32_t)place->value;
    maker_step(m, FILM_STARTS, e, task, parent);
    reel_push(&m->reel, task, FILM_DEQUE, maker_worker(m, e));
}

void maker_on_job(maker *m, fiber_frames *on, const trace_event *e)
{
    table_place *item = item_of(m, e, 0);
    if (!item)
        return;
    uint32_t task = (uint32_t)item->value;
    film_place place = reel_place(&m->reel, task);
    item->value = 0;
    m->reel.out->task[task].name = e->b;
    if (place.where == FILM_DEQUE && place.at != e->writer && place.at != FILM_OUTSIDE)
        maker_take(m, e, task, place.at);
    maker_step(m, FILM_BEGINS, e, task, maker_task_of(frames_top(on)));
    maker_begin(m, on, e, task, (frame){.slot = 0});
}

/* A job of a pool is a part of the task that serves the pool. */
void maker_on_pooled(maker *m, fiber_frames *on, const trace_event *e)
{
    uint32_t below = maker_task_of(frames_top(on));
    uint32_t task = reel_task_new(&m->reel, &(film_task){.name = e->b, .parent = below});
    if (!task)
        return;
    maker_step(m, FILM_BEGINS, e, task, below);
    maker_begin(m, on, e, task, (frame){.is_part = true});
}

static void end_started(maker *m, fiber_frames *on, const trace_event *e, bool is_part)
{
    uint32_t depth = maker_depth_of(on, 0, is_part);
    if (depth == UINT32_MAX)
        return;
    uint32_t below = depth ? on->list[depth - 1].site : 0;
    maker_step(m, below ? FILM_RETURNS : FILM_ENDS, e, on->list[depth].site, below);
    maker_end(m, on, e, depth, FILM_GONE);
}

void maker_on_job_end(maker *m, fiber_frames *on, const trace_event *e)
{
    end_started(m, on, e, false);
}

void maker_on_pooled_end(maker *m, fiber_frames *on, const trace_event *e)
{
    end_started(m, on, e, true);
}

/* ---- Waits ---- */

void maker_on_wait(maker *m, fiber_frames *on, const trace_event *e)
{
    uint32_t task = maker_task_of(frames_top(on));
    if (!task)
        return;
    reel_step(&m->reel, &(film_step){.kind = FILM_STOPS,
                                     .worker = e->writer,
                                     .task = task,
                                     .other = m->reel.task[task].needs,
                                     .name = e->b});
    maker_place_fiber(m, on, FILM_WAITS, m->frames.runs[e->writer]);
}

void maker_on_resume(maker *m, fiber_frames *on, const trace_event *e)
{
    uint32_t by = on ? maker_task_of(frames_top(on)) : 0;
    fiber_frames *resumed = frames_of(&m->frames, e->a);
    uint32_t task = resumed ? maker_task_of(frames_top(resumed)) : 0;
    if (!task || reel_place(&m->reel, task).where != FILM_WAITS)
        return;
    maker_step(m, FILM_WAKES, e, task, by);
    reel_push(&m->reel, task, FILM_READY, maker_worker(m, e));
}

/* A fiber that is left without a wait: its trace is damaged, or its event was not recorded. */
static void leave(maker *m, const trace_event *e)
{
    const fiber_frames *on = frames_here(&m->frames, e->writer);
    uint32_t task = on ? maker_task_of(frames_top(on)) : 0;
    if (!task || m->frames.runs[e->writer] == e->a || reel_place(&m->reel, task).where != FILM_RUNS)
        return;
    maker_step(m, FILM_LEAVES, e, task, 0);
    maker_place_fiber(m, on, FILM_WAITS, m->frames.runs[e->writer]);
}

void maker_on_switch(maker *m, const trace_event *e)
{
    leave(m, e);
    frames_switch(&m->frames, e->writer, e->a);
    fiber_frames *on = frames_here(&m->frames, e->writer);
    uint32_t task = on ? maker_task_of(frames_top(on)) : 0;
    if (!task || reel_place(&m->reel, task).where == FILM_RUNS)
        return;
    film_place place = reel_place(&m->reel, task);
    if (place.where == FILM_READY && place.at != e->writer && place.at != FILM_OUTSIDE)
        maker_take(m, e, task, place.at);
    maker_step(m, FILM_GOES_ON, e, task, 0);
    maker_place_fiber(m, on, FILM_RUNS, e->writer);
}

/* ---- Marks ---- */

void maker_on_mark(maker *m, fiber_frames *on, const trace_event *e)
{
    uint32_t task = maker_task_of(frames_top(on));
    if (!task)
        return;
    film_task *within = &m->reel.out->task[task];
    trace_file *trace = m->reel.out->trace;
    bool is_call = trace_name_first(trace, e->a) == trace_name_first(trace, within->name);
    if (is_call && !within->has_argument) {
        within->has_argument = true;
        within->argument = e->b;
        return;
    }
    reel_step(&m->reel, &(film_step){.kind = is_call ? FILM_CALLS : FILM_MARKS,
                                     .worker = e->writer,
                                     .task = task,
                                     .name = e->a,
                                     .value = e->b});
}
