/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "maker.h"

uint32_t maker_task_of(const frame *top)
{
    return top ? top->site : 0;
}

uint32_t maker_worker(const maker *m, const trace_event *e)
{
    return e->writer < m->frames.workers ? e->writer : FILM_OUTSIDE;
}

void maker_step(maker *m, enum film_kind kind, const trace_event *e, uint32_t task, uint32_t other)
{
    reel_step(&m->reel, &(film_step){.kind = kind,
                                     .worker = maker_worker(m, e),
                                     .task = task,
                                     .other = other,
                                     .value = 1});
}

uint32_t maker_task_in(const maker *m, uint32_t slot)
{
    const table_place *place = table_look(&m->slots, slot);
    return place ? (uint32_t)place->value : 0;
}

/* ---- Fibers ---- */

/* All its tasks are at that place now, each at its depth. */
void maker_place_fiber(maker *m, const fiber_frames *on, enum film_where where, uint32_t at)
{
    for (uint32_t i = 0; i < on->count; i++) {
        uint32_t task = on->list[i].site;
        uint32_t above = i + 1 < on->count ? on->list[i + 1].site : m->reel.task[task].needs;
        reel_move(&m->reel, task, (film_place){where, at, i, above});
    }
}

void maker_begin(maker *m, fiber_frames *on, const trace_event *e, uint32_t task, frame pushed)
{
    pushed.site = task;
    m->reel.task[task].state = REEL_RUNS;
    m->reel.task[task].began = m->reel.out->steps - 1;
    uint32_t depth = on->count;
    if (depth)
        reel_move(&m->reel, on->list[depth - 1].site,
                  (film_place){FILM_RUNS, e->writer, depth - 1, task});
    m->reel.is_short |= !frames_push(on, &pushed);
    reel_move(&m->reel, task, (film_place){FILM_RUNS, e->writer, depth, 0});
}

/* A panic leaves forks that nobody joins. */
static void drop_forks(maker *m, uint32_t task)
{
    for (uint32_t i = task + 1; m->reel.task[task].forks && i <= m->reel.out->tasks; i++) {
        reel_task *fork = &m->reel.task[i];
        if (!fork->slot || m->reel.out->task[i].parent != task ||
            (fork->state != REEL_FORKED && fork->state != REEL_ENDED))
            continue;
        fork->state = REEL_OVER;
        m->reel.task[task].forks--;
        reel_move(&m->reel, i, (film_place){.where = FILM_GONE});
    }
}

/* The innermost task of the fiber ends. */
static void pop(maker *m, fiber_frames *on, const trace_event *e, enum film_where to)
{
    uint32_t task = maker_task_of(frames_top(on));
    drop_forks(m, task);
    frames_pop(on);
    m->reel.task[task].state = to == FILM_DONE ? REEL_ENDED : REEL_OVER;
    reel_move(&m->reel, task, (film_place){.where = to, .at = e->writer, .order = task});
    uint32_t below = maker_task_of(frames_top(on));
    if (below)
        reel_move(&m->reel, below,
                  (film_place){FILM_RUNS, e->writer, on->count - 1, m->reel.task[below].needs});
}

/* The depth of the innermost task of that slot; UINT32_MAX: there is none. */
uint32_t maker_depth_of(const fiber_frames *on, uint32_t slot, bool is_part)
{
    uint32_t depth = on->count - 1;
    while (depth != UINT32_MAX &&
           (on->list[depth].slot != slot || on->list[depth].is_part != is_part))
        depth--;
    return depth;
}

/* A panic leaves tasks above it without an end. */
void maker_end(maker *m, fiber_frames *on, const trace_event *e, uint32_t depth, enum film_where to)
{
    while (on->count > depth + 1)
        pop(m, on, e, FILM_GONE);
    pop(m, on, e, to);
}

/* ---- Thefts ---- */

/* Tasks in slots that follow the first one are handed over with it. */
void maker_take(maker *m, const trace_event *e, uint32_t first, uint32_t from)
{
    theft *how = &m->thefts[e->writer];
    reel_task *taken = &m->reel.task[first];
    uint32_t count = 1, most = taken->pile ? taken->pile : how->count;
    for (uint32_t next; count < most && (next = maker_task_in(m, taken->slot + count)) != 0;
         count++)
        if (m->reel.task[next].state != REEL_FORKED || reel_place(&m->reel, next).at != from)
            break;
    taken->pile = count;
    reel_step(&m->reel, &(film_step){.kind = how->count ? how->kind : FILM_FETCHES,
                                     .worker = e->writer,
                                     .task = first,
                                     .from = from,
                                     .value = count});
    how->count = 0;
    for (uint32_t i = count; --i > 0;)
        reel_push(&m->reel, maker_task_in(m, taken->slot + i), FILM_DEQUE, e->writer);
    reel_move(&m->reel, first, (film_place){.where = FILM_HELD, .at = e->writer});
}
