/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A worker that runs tasks: it computes, forks, calls, joins, answers thieves at forks and joins,
 * and waits for stolen children. */
#include "world.h"

#include <errno.h>
#include <stdlib.h>

/* Returned by a stage instead of a delay: the worker has another next step. */
enum { AWAY = -1 };

/* The time that the worker needs for that work, at its speed. */
static picoseconds time_for(const world *s, const worker *w, picoseconds work)
{
    return work * SIM_SPEED / s->how->machine->speed[w->index];
}

/* ---- Strands ---- */

strand *strand_new(world *s)
{
    strand *one = s->unused;
    if (one) {
        s->unused = one->next;
    } else if ((one = calloc(1, sizeof *one))) {
        one->made_before = s->made;
        s->made = one;
    }
    if (!one || !strand_push(one, (frame){0})) {
        s->error = -ENOMEM;
        return NULL;
    }
    one->request = one->spins = -1;
    one->next = NULL;
    one->is_suspended = one->was_switched = one->is_called = one->is_asked = false;
    return one;
}

/* Its `changes` stay, as the tag of a fiber's fork stack does: a thief may hold an old look. */
static void strand_put_back(world *s, strand *one)
{
    one->next = s->unused;
    s->unused = one;
}

/* The frame of a child, which begins. A range's last child is the first of those that it runs. */
static frame child_of(const world *s, const frame *parent, uint32_t number)
{
    const generator *g = s->how->graph;
    frame child = {0};
    while (parent->is_range && number == parent->children) {
        const place *range = &parent->of.range;
        number = range->first;
        parent = &range->strand->frames[range->frame];
    }
    child.is_range = parent->is_range;
    if (child.is_range)
        child.of.range = range_part(&parent->of.range, number);
    else
        g->shape->child(g, &parent->of.at, parent->phase - 1, number, &child.of.at);
    return child;
}

static picoseconds enter(world *s, strand *one, uint32_t number, picoseconds delay)
{
    if (!strand_push(one, child_of(s, strand_top(one), number)))
        s->error = -ENOMEM;
    return delay;
}

/* ---- Ends ---- */

void work_make_ready(world *s, worker *w, strand *one)
{
    one->number = ++s->pushed;
    one->next = NULL;
    one->previous = w->newest_ready;
    *(w->ready++ ? &w->newest_ready->next : &w->oldest_ready) = one;
    w->newest_ready = one;
}

/* A stolen child has ended on this worker: its joiner may go on. Returns the worker's cost. */
static picoseconds finish(world *s, worker *w, const place *child)
{
    strand *waiter = child->strand;
    strand_finish(waiter, child->frame, child->first);
    if (child->frame + 1 != waiter->depth || strand_top(waiter)->high != child->first + 1)
        return 0;
    if (waiter->is_suspended) {
        waiter->is_suspended = false;
        work_make_ready(s, w, waiter);
        return rest_wake_one(s, w, FL_UNLESS_NAPPING);
    }
    if (waiter->spins >= 0) {
        worker *joiner = &s->worker[waiter->spins];
        waiter->spins = -1;
        later(s, joiner, across(s, COST_REPLY, w->index, joiner->index), work_on);
    }
    return 0;
}

static picoseconds end_strand(world *s, worker *w)
{
    strand *ended = w->current;
    picoseconds delay = 0;
    w->current = NULL;
    arrive_note(s, w);
    bool is_job = s->arrivals.of;
    s->is_over = is_job ? arrive_end(s) : !ended->origin.strand;
    if (s->is_over)
        return AWAY;
    if (!is_job && ended->origin.count == 1)
        delay = finish(s, w, &ended->origin);
    if (ended->is_gift) {
        fl_profit_gift(&w->profit, (s->now - ended->began) / PICOSECONDS, ended->origin.count,
                       ended->was_switched);
        if (!w->profit.nap)
            w->vain_nap = 0;
    }
    strand_put_back(s, ended);
    later(s, w, time_for(s, w, delay), search_find);
    return AWAY;
}

static picoseconds end_frame(world *s, worker *w)
{
    strand *one = w->current;
    s->out->tasks += !strand_top(one)->is_range;
    strand_pop(one);
    if (!one->depth)
        return end_strand(s, w);
    frame *parent = strand_top(one);
    if (!parent->is_range || !parent->calls)
        return 0;
    parent->calls = false; /* its first one has ended; joins follow */
    return finish(s, w, &parent->of.range);
}

/* ---- The stages of a frame ---- */

/* The children's numbers are those of one phase, so a range has one. */
static picoseconds begin_phase(world *s, worker *w)
{
    const generator *g = s->how->graph;
    frame *f = strand_top(w->current);
    phase next = {.calls = true};
    if (f->is_range ? f->phase > 0 : !g->shape->phase(g, &f->of.at, f->phase, &next))
        return end_frame(s, w);
    if (f->is_range)
        next.children = range_forks(f->of.range.count);
    f->phase++;
    f->stage = next.children ? STAGE_FORK : STAGE_CALL;
    frame_begin(f, next.children, next.calls);
    s->out->computed += next.before;
    return next.before + (next.children ? cost(s, COST_FORK) : 0);
}

/* fl_chase_lev_forked, if a thief or a sleeper has called. */
picoseconds work_answer(world *s, worker *w)
{
    strand *one = w->current;
    one->is_called = false;
    picoseconds delay = search_serve(s, one, w);
    return delay + rest_wake_one(s, w, FL_UNLESS_SEARCHING);
}

/* The time that the task computes before its next fork. */
static picoseconds gap_before(world *s, const frame *f)
{
    picoseconds gap =
        f->is_range ? 0 : generator_gap(s->how->graph, &f->of.at, f->phase - 1, f->high);
    s->out->computed += gap;
    return gap;
}

static picoseconds fork_one(world *s, worker *w)
{
    strand *one = w->current;
    frame *f = strand_top(one);
    bool runs_at_once = queue_is_full(s);
    s->out->forks++;
    if (!runs_at_once) {
        f->high++;
        one->available++;
    } else if (!strand_run_next(one)) {
        s->error = -ENOMEM;
    }
    picoseconds delay = s->queue->forked(s, w);
    if (f->high < f->children)
        delay += gap_before(s, f) + cost(s, COST_FORK);
    else
        f->stage = STAGE_CALL;
    return runs_at_once ? enter(s, one, f->high - 1, delay) : delay;
}

static picoseconds call_last(world *s, worker *w)
{
    frame *f = strand_top(w->current);
    f->stage = STAGE_JOIN;
    if (!f->calls)
        return 0;
    return enter(s, w->current, f->children, f->is_range ? cost(s, COST_PART) : 0);
}

static void suspend(world *s, worker *w)
{
    w->current->spins = -1;
    w->current->is_suspended = true;
    w->current = NULL;
    s->out->waits++;
    later(s, w, time_for(s, w, cost(s, COST_SWITCH)), search_find);
}

static picoseconds joined(world *s, worker *w)
{
    return s->queue->joined ? s->queue->joined(s, w) : 0;
}

static picoseconds join_stolen(world *s, worker *w, frame *f)
{
    strand *one = w->current;
    if (!frame_is_done(f, f->high - 1)) {
        one->spins = (int)w->index;
        later(s, w, cost(s, TIME_JOIN), suspend);
        return AWAY;
    }
    f->high--;
    f->low--;
    return cost(s, COST_JOIN) + joined(s, w);
}

/* It was there, but ran at its fork. */
static bool ran_at_fork(const frame *f)
{
    bool may = f->children > 64 ? f->done.many != NULL : true;
    return may && f->low < f->high && frame_is_done(f, f->high - 1);
}

/* fl_forkstack_settle: the joined task is out of reach before a thief is answered. */
static picoseconds join_one(world *s, worker *w)
{
    strand *one = w->current;
    frame *f = strand_top(one);
    if (!f->high) {
        f->stage = STAGE_PHASE;
        return 0;
    }
    bool is_kept = f->low < f->high;
    picoseconds delay = 0;
    if (ran_at_fork(f)) {
        f->high--;
        return cost(s, COST_JOIN) + joined(s, w);
    }
    if (is_kept) {
        delay = joined(s, w);
        f->high--;
        if (!--one->available)
            one->changes++;
    }
    if (one->is_asked) {
        one->is_asked = false;
        delay += search_serve(s, one, w);
    }
    if (is_kept)
        return enter(s, one, f->high, delay + cost(s, COST_JOIN));
    if (delay) /* the answer takes its time before the join */
        return delay;
    return join_stolen(s, w, f);
}

void work_on(world *s, worker *w)
{
    static picoseconds (*const stages[])(world *, worker *) = {
        [STAGE_PHASE] = begin_phase,
        [STAGE_FORK] = fork_one,
        [STAGE_CALL] = call_last,
        [STAGE_JOIN] = join_one,
    };
    picoseconds delay;
    do
        delay = stages[strand_top(w->current)->stage](s, w);
    while (!delay && !s->error);
    if (delay > 0)
        later(s, w, time_for(s, w, delay), work_on);
}

/* ---- Beginnings ---- */

void work_begin(world *s, worker *w, const place *what, bool is_gift, picoseconds delay)
{
    strand *one = strand_new(s);
    if (!one)
        return;
    frame *bottom = strand_top(one);
    const frame *parent = &what->strand->frames[what->frame];
    if (what->count > 1) {
        bottom->is_range = true;
        bottom->of.range = *what;
    } else {
        *bottom = child_of(s, parent, what->first);
    }
    one->origin = *what;
    one->is_gift = is_gift;
    w->current = one;
    one->began = s->now + delay;
    turn(s, w, FL_WORKING);
    later(s, w, delay + time_for(s, w, cost(s, COST_START)), work_on);
}

void work_resume(world *s, worker *w, strand *ready, picoseconds delay)
{
    ready->was_switched = true;
    w->current = ready;
    arrive_note(s, w);
    later(s, w, delay + time_for(s, w, cost(s, COST_SWITCH)), work_on);
}
