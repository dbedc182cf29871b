/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "maker.h"

void maker_on_fork(maker *m, fiber_frames *on, const trace_event *e)
{
    uint32_t parent = maker_task_of(frames_top(on));
    table_place *place = table_at(&m->slots, e->a);
    uint32_t task = reel_task_new(&m->reel, &(film_task){.name = e->b, .parent = parent});
    if (!place || !task) {
        m->reel.is_short = true;
        return;
    }
    uint32_t newest = (uint32_t)place->value;
    reel_task *fork = &m->reel.task[task];
    if (newest)
        fork->older =
            m->reel.task[newest].state == REEL_ENDED ? newest : m->reel.task[newest].older;
    fork->slot = e->a;
    place->value = task;
    if (!parent) {
        m->has_orphans = true;
        return;
    }
    m->reel.task[parent].forks++;
    maker_step(m, FILM_FORKS, e, task, parent);
    reel_push(&m->reel, task, FILM_DEQUE, e->writer);
}

/* The thief of many forks their upper half until one is left (runtime/engine/run_work.c). */
static void divide(maker *m, uint32_t first)
{
    uint32_t count = m->reel.task[first].pile;
    m->reel.task[first].pile = 0;
    while (count > 1) {
        uint32_t upper = count / 2;
        count -= upper;
        uint32_t task = maker_task_in(m, m->reel.task[first].slot + count);
        if (task)
            m->reel.task[task].pile = upper;
    }
}

void maker_on_run(maker *m, fiber_frames *on, const trace_event *e)
{
    uint32_t task = maker_task_in(m, e->a), below = maker_task_of(frames_top(on));
    film_place place = reel_place(&m->reel, task);
    bool is_forker = below && m->reel.out->task[task].parent == below;
    if (place.where == FILM_DEQUE && place.at != e->writer)
        maker_take(m, e, task, place.at);
    maker_step(m, is_forker ? FILM_JOINS : FILM_BEGINS, e, task, below);
    divide(m, task);
    maker_begin(m, on, e, task, (frame){.slot = e->a});
}

/* Its forker need not join it any more. */
static void unfork(maker *m, uint32_t task)
{
    uint32_t forker = m->reel.out->task[task].parent;
    if (forker && m->reel.task[forker].forks)
        m->reel.task[forker].forks--;
}

void maker_on_run_end(maker *m, fiber_frames *on, const trace_event *e)
{
    uint32_t depth = maker_depth_of(on, e->a, false);
    if (depth == UINT32_MAX)
        return;
    uint32_t task = on->list[depth].site, below = depth ? on->list[depth - 1].site : 0;
    film_step *began = &m->reel.out->step[m->reel.task[task].began];
    if (!e->b && began->kind == FILM_JOINS)
        began->kind = FILM_OVERFLOWS;
    maker_step(m, below ? FILM_RETURNS : FILM_ENDS, e, task, below);
    maker_end(m, on, e, depth, e->b ? FILM_GONE : FILM_DONE);
    if (e->b)
        unfork(m, task);
}

/* The task on top needs that one now, or nothing. */
static void need(maker *m, const fiber_frames *on, const trace_event *e, uint32_t needed)
{
    uint32_t task = maker_task_of(frames_top(on));
    m->reel.task[task].needs = needed;
    reel_move(&m->reel, task, (film_place){FILM_RUNS, e->writer, on->count - 1, needed});
}

void maker_on_join(maker *m, fiber_frames *on, const trace_event *e)
{
    uint32_t joiner = maker_task_of(frames_top(on)), task = maker_task_in(m, e->a);
    if (!joiner || !task || m->reel.task[task].state == REEL_ENDED)
        return;
    maker_step(m, FILM_NEEDS, e, task, joiner);
    need(m, on, e, task);
}

void maker_on_joined(maker *m, fiber_frames *on, const trace_event *e)
{
    uint32_t joiner = maker_task_of(frames_top(on)), task = maker_task_in(m, e->a);
    if (!joiner || !task || m->reel.task[task].state != REEL_ENDED)
        return;
    maker_step(m, FILM_HAS, e, task, joiner);
    need(m, on, e, 0);
    reel_move(&m->reel, task, (film_place){.where = FILM_GONE});
    m->reel.task[task].state = REEL_OVER;
    unfork(m, task);
    table_at(&m->slots, e->a)->value = m->reel.task[task].older;
}

void maker_on_theft(maker *m, fiber_frames *on, const trace_event *e)
{
    (void)on;
    if (e->writer < m->frames.workers)
        m->thefts[e->writer] = (theft){e->kind == FL_TRACE_GIFT ? FILM_TAKES : FILM_ROBS,
                                       e->kind == FL_TRACE_GIFT && e->b ? e->b : 1};
}
