/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A worker that looks for work. A search has rounds of attempts: one for forked tasks, one for
 * ready fibers. An attempt at forked tasks looks at a victim, asks its owner, waits for the answer,
 * and robs an owner that stays silent. One at ready fibers takes the oldest; an only one is watched
 * first (runtime/engine/patience.h). */
#include "world.h"

#include <errno.h>
#include <runtime/engine/patience.h>
#include <sched/forkstack.h>

enum {
    ROUNDS = 2 /* as in runtime/engine/find.c */
};

static step look, look_at_shared;

/* ---- Victims ---- */

/* The `world` of a policy; it counts the policy's looks at others, which cost time. */
typedef struct view {
    const world *of;
    picoseconds *looks;
} view;

static unsigned distance(const fl_search *search, unsigned other)
{
    const view *v = search->world;
    return machine_tier(v->of->how->machine, search->self, other);
}

unsigned search_seen(uint64_t forked)
{
    return forked ? 1u << (63 - __builtin_clzll(forked)) : 0;
}

static unsigned length(const fl_search *search, unsigned other)
{
    const view *v = search->world;
    const worker *w = &v->of->worker[other];
    uint64_t forked = w->current ? w->current->available : 0;
    *v->looks += across(v->of, COST_LOOK, search->self, other);
    return w->ready + search_seen(forked);
}

static unsigned victim_of(const world *s, worker *w, picoseconds *looks)
{
    const view mine = {s, looks};
    const fl_search search = {.self = w->index,
                              .workers = s->workers,
                              .attempt = w->attempt,
                              .misses = w->misses,
                              .last = w->victim,
                              .rng = &w->rng,
                              .distance = distance,
                              .length = length,
                              .world = &mine};
    return s->how->policy->victim(&search);
}

/* ---- Rounds ---- */

static void attempt(world *s, worker *w)
{
    picoseconds looks = 0;
    w->asked = victim_of(s, w, &looks);
    enum cost price = w->is_ready_round ? COST_LOOK_READY : COST_LOOK;
    later(s, w, looks + across(s, price, w->index, w->asked), look);
}

static void begin_round(world *s, worker *w, bool is_ready_round)
{
    w->is_ready_round = is_ready_round;
    w->attempt = 0;
    if (s->queue->shared && !is_ready_round)
        later(s, w, cost(s, COST_LOOK), look_at_shared);
    else
        attempt(s, w);
}

static void give_up(world *s, worker *w)
{
    w->stolen_lately = false;
    rest_sleep(s, w, 0);
}

static void end_round(world *s, worker *w)
{
    w->misses++;
    if (!w->is_ready_round)
        begin_round(s, w, true);
    else if (++w->round < ROUNDS || s->now < w->spin_until)
        begin_round(s, w, false);
    else
        give_up(s, w);
}

void search_missed(world *s, worker *w, enum miss why)
{
    s->out->missed[why]++;
    if (++w->attempt + 1 < s->workers)
        attempt(s, w);
    else
        end_round(s, w);
}

void search_begin(world *s, worker *w)
{
    int64_t nap = fl_profit_nap(&w->profit);
    w->round = 0;
    w->spin_until = w->stolen_lately ? s->now + cost(s, TIME_BUSY) : 0;
    if (nap)
        rest_sleep(s, w, nap);
    else if (s->workers == 1)
        give_up(s, w);
    else
        begin_round(s, w, false);
}

static strand *take_ready(worker *from, bool is_oldest)
{
    strand *one = is_oldest ? from->oldest_ready : from->newest_ready;
    if (!one)
        return NULL;
    *(one->previous ? &one->previous->next : &from->oldest_ready) = one->next;
    *(one->next ? &one->next->previous : &from->newest_ready) = one->previous;
    from->ready--;
    return one;
}

void search_find(world *s, worker *w)
{
    strand *ready = take_ready(w, false);
    if (ready) {
        work_resume(s, w, ready, 0);
        return;
    }
    picoseconds delay = 0;
    if (queue_take(s, w, &delay)) {
        work_begin(s, w, &w->gift, false, delay);
        return;
    }
    fl_idle_search(&s->idle);
    turn(s, w, FL_SEARCHING);
    search_begin(s, w);
}

static void look_at_shared(world *s, worker *w)
{
    picoseconds delay = 0;
    if (!queue_take(s, w, &delay)) {
        begin_round(s, w, true);
        return;
    }
    w->stolen_lately = true;
    work_begin(s, w, &w->gift, false, delay + rest_found(s, w, false));
}

static void hit(world *s, worker *w)
{
    w->misses = 0;
    w->victim = w->asked;
    w->stolen_lately = true;
    s->out->steals_of[machine_tier(s->how->machine, w->index, w->asked)]++;
}

/* ---- Ready fibers ---- */

static void take_oldest(world *s, worker *w)
{
    strand *ready = take_ready(&s->worker[w->asked], true);
    s->out->ready_stolen++;
    hit(s, w);
    picoseconds delay = rest_found(s, w, false);
    turn(s, w, FL_WORKING);
    work_resume(s, w, ready, delay);
}

static void look_again(world *s, worker *w)
{
    const worker *from = &s->worker[w->asked];
    if (!from->ready || from->oldest_ready->number != w->seen)
        search_missed(s, w, MISSED_READY);
    else if (--w->looks)
        later(s, w, cost(s, TIME_LOOK_AGAIN), look_again);
    else
        take_oldest(s, w);
}

static void look_at_ready(world *s, worker *w)
{
    const worker *from = &s->worker[w->asked];
    if (!from->ready) {
        search_missed(s, w, MISSED_READY);
    } else if (from->ready > 1) {
        take_oldest(s, w);
    } else {
        w->seen = from->oldest_ready->number;
        w->looks = w->woken ? FL_LOOKS_WOKEN : FL_LOOKS_AT_FIBER;
        later(s, w, cost(s, TIME_LOOK_AGAIN), look_again);
    }
}

/* ---- Forked tasks ---- */

void search_hit(world *s, worker *w, bool is_gift)
{
    s->out->stolen += w->gift.count;
    hit(s, w);
    work_begin(s, w, &w->gift, is_gift, rest_found(s, w, is_gift));
}

static void rob_take(world *s, worker *w)
{
    strand *stack = w->stack;
    if (!stack->available || stack->changes != w->seen) {
        search_missed(s, w, MISSED_GONE);
        return;
    }
    if (!strand_take(stack, 1, &w->gift)) {
        s->error = -ENOMEM;
        return;
    }
    s->out->robs++;
    search_hit(s, w, false);
}

/* The owner has not answered in time. */
static void rob_look(world *s, worker *w)
{
    w->stack->request = -1;
    w->seen = w->stack->changes;
    if (w->stack->available)
        later(s, w, cost(s, COST_ROB), rob_take);
    else
        search_missed(s, w, MISSED_GONE);
}

static void answered(world *s, worker *w)
{
    if (!w->gift.count) {
        search_missed(s, w, MISSED_REFUSED);
        return;
    }
    s->out->gifts++;
    search_hit(s, w, true);
}

void search_ask(world *s, worker *w)
{
    strand *stack = w->stack;
    if (stack->request >= 0) {
        search_missed(s, w, MISSED_BUSY);
        return;
    }
    bool is_silent = stack->is_called && stack->is_asked;
    stack->request = (int)w->index;
    stack->is_called = stack->is_asked = true;
    s->out->asks++;
    later(s, w, cost(s, is_silent ? TIME_SILENT : TIME_PATIENCE), rob_look);
}

static void look_at_forked(world *s, worker *w)
{
    w->stack = s->worker[w->asked].current;
    if (w->stack && w->stack->available)
        s->queue->steal(s, w);
    else
        search_missed(s, w, MISSED_EMPTY);
}

static void look(world *s, worker *w)
{
    if (w->is_ready_round)
        look_at_ready(s, w);
    else
        look_at_forked(s, w);
}

/* How much a thief asks for, as `want` of runtime/engine/steal.c. */
static uint32_t wanted(const world *s, const worker *thief)
{
    static const uint32_t most[] = {[FL_TAKE_ONE] = 1, [FL_TAKE_HALF] = FL_GIFT_MOST};
    return s->how->take == FL_TAKE_ADAPTIVE ? thief->profit.most : most[s->how->take];
}

uint32_t search_given(uint64_t available, bool half, uint32_t most)
{
    uint64_t least = half ? 1 : FL_HALF_FROM;
    uint64_t count = available > least ? available / 2 : available > 0;
    return count < most ? (uint32_t)count : most;
}

picoseconds search_serve(world *s, strand *stack, const worker *owner)
{
    if (stack->request < 0)
        return 0;
    worker *thief = &s->worker[stack->request];
    uint32_t count = search_given(stack->available, s->how->take == FL_TAKE_HALF, wanted(s, thief));
    stack->request = -1;
    thief->gift.count = 0;
    if (count && !strand_take(stack, count, &thief->gift))
        s->error = -ENOMEM;
    later(s, thief, across(s, COST_REPLY, owner->index, thief->index), answered);
    return cost(s, COST_ANSWER);
}
