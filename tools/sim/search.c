/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A worker that looks for work. Its steps are those of sched/rounds.h and sched/request.h. An attempt at forked tasks looks at a victim, asks its owner, waits for the answer,
 * and robs an owner that stays silent. One at ready fibers takes the oldest; an only one is watched
 * first (runtime/engine/patience.h). */
#include "world.h"

#include <errno.h>
#include <runtime/engine/patience.h>
#include <sched/request.h>

static step look, look_at_shared, sought;
static bool take_again(world *s, worker *w);

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
    enum cost price = w->rounds.seek == FL_SEEK_READY ? COST_LOOK_READY : COST_LOOK;
    later(s, w, looks + across(s, price, w->index, w->asked), look);
}

static void seek(world *s, worker *w)
{
    w->attempt = 0;
    if (w->rounds.seek == FL_SEEK_OWN && w->ready)
        search_own(s, w);
    else if (w->rounds.seek != FL_SEEK_READY && s->queue->shared)
        later(s, w, cost(s, COST_LOOK), look_at_shared);
    else if (w->rounds.seek != FL_SEEK_OWN)
        attempt(s, w);
    else
        sought(s, w);
}

static void give_up(world *s, worker *w)
{
    w->stolen_lately = false;
    rest_sleep(s, w, 0);
}

static void sought(world *s, worker *w)
{
    if (fl_rounds_next(&w->rounds) || fl_rounds_again(&w->rounds) || s->now < w->spin_until)
        seek(s, w);
    else
        give_up(s, w);
}

void search_missed(world *s, worker *w, enum miss why)
{
    s->out->missed[why]++;
    if (++w->attempt < fl_rounds_attempts(s->workers)) {
        attempt(s, w);
        return;
    }
    w->misses = fl_rounds_misses(w->misses, false);
    sought(s, w);
}

void search_begin(world *s, worker *w)
{
    int64_t nap = fl_profit_nap(&w->profit);
    w->rounds = (fl_rounds){FL_SEEK_OWN, 0};
    w->spin_until = w->stolen_lately ? s->now + cost(s, TIME_BUSY) : 0;
    if (nap)
        rest_sleep(s, w, nap);
    else if (s->workers == 1 && !w->ready)
        give_up(s, w);
    else
        seek(s, w);
}

strand *search_take_ready(worker *from, bool is_oldest)
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
    strand *ready = search_take_ready(w, false);
    if (ready) {
        work_resume(s, w, ready, 0);
        return;
    }
    picoseconds delay = 0;
    if (queue_take(s, w, &delay)) {
        work_begin(s, w, &w->gift, false, delay);
        return;
    }
    if (take_again(s, w))
        return;
    fl_idle_search(&s->idle);
    turn(s, w, FL_SEARCHING);
    search_begin(s, w);
}

static void look_at_shared(world *s, worker *w)
{
    picoseconds delay = 0;
    if (!queue_take(s, w, &delay)) {
        sought(s, w);
        return;
    }
    w->stolen_lately |= fl_rounds_stole(&w->rounds);
    work_begin(s, w, &w->gift, false, delay + rest_found(s, w, false));
}

static void hit(worker *w)
{
    w->misses = fl_rounds_misses(w->misses, true);
    w->victim = w->asked;
    w->stolen_lately |= fl_rounds_stole(&w->rounds);
}

/* ---- Ready fibers ---- */

static void begin_ready(world *s, worker *w, strand *ready)
{
    picoseconds delay = rest_found(s, w, false);
    turn(s, w, FL_WORKING);
    work_resume(s, w, ready, delay);
}

void search_own(world *s, worker *w)
{
    begin_ready(s, w, search_take_ready(w, false));
}

static strand *steal_oldest(world *s, worker *w, worker *from)
{
    strand *ready = search_take_ready(from, true);
    s->out->ready_stolen++;
    s->out->steals_of[machine_tier(s->how->machine, w->index, from->index)]++;
    arrive_note(s, from);
    return ready;
}

/* As take_half of runtime/engine/steal.c. */
static void take_half(world *s, worker *w, worker *from)
{
    for (unsigned half = from->ready / 2; half; half--)
        work_make_ready(s, w, steal_oldest(s, w, from));
}

static void take_oldest(world *s, worker *w)
{
    worker *from = &s->worker[w->asked];
    strand *ready = steal_oldest(s, w, from);
    hit(w);
    w->robbed = from;
    if (s->how->take == FL_TAKE_HALF)
        take_half(s, w, from);
    begin_ready(s, w, ready);
}

/* As fl_steal_ready_again. The thief is not searching. */
static bool take_again(world *s, worker *w)
{
    worker *from = w->robbed;
    unsigned left = from ? from->ready : 0, count = 0;
    strand *more[FL_AGAIN_MOST];
    w->robbed = NULL;
    if (!fl_request_again(left, s->how->take))
        return false;
    w->robbed = from;
    strand *first = steal_oldest(s, w, from);
    while (count < fl_request_more(left))
        more[count++] = steal_oldest(s, w, from);
    for (unsigned i = count; i-- > 0;) /* the oldest on top */
        work_make_ready(s, w, more[i]);
    picoseconds delay = (count + 1) * across(s, COST_LOOK_READY, w->index, from->index);
    if (count)
        delay += rest_wake_one(s, w, FL_UNLESS_NAPPING);
    work_resume(s, w, first, delay);
    return true;
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
    static const fl_patience content = {0}; /* no fiber loses time to a lock */
    const worker *from = &s->worker[w->asked];
    enum fl_ready ready = fl_request_ready(from->ready);
    if (ready == FL_READY_LEAVE) {
        search_missed(s, w, MISSED_READY);
    } else if (ready == FL_READY_TAKE) {
        take_oldest(s, w);
    } else {
        w->seen = from->oldest_ready->number;
        w->looks = fl_patience_looks(&content, w->woken, 0);
        later(s, w, cost(s, TIME_LOOK_AGAIN), look_again);
    }
}

/* ---- Forked tasks ---- */

void search_hit(world *s, worker *w, bool is_gift)
{
    s->out->stolen += w->gift.count;
    s->out->steals_of[machine_tier(s->how->machine, w->index, w->asked)]++;
    hit(w);
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

enum fl_asked search_asked(const strand *stack)
{
    if (stack->request >= 0)
        return FL_ASK_BUSY;
    return stack->is_called && stack->is_asked ? FL_ASK_SILENT : FL_ASK_LEFT;
}

void search_ask(world *s, worker *w)
{
    strand *stack = w->stack;
    enum fl_request next = fl_request_next(search_asked(stack), false);
    if (next == FL_REQUEST_LEAVE) {
        search_missed(s, w, MISSED_BUSY);
        return;
    }
    stack->request = (int)w->index;
    stack->is_called = stack->is_asked = true;
    s->out->asks++;
    later(s, w, cost(s, next == FL_REQUEST_WATCH ? TIME_PATIENCE : TIME_SILENT), rob_look);
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
    if (w->rounds.seek == FL_SEEK_READY)
        look_at_ready(s, w);
    else
        look_at_forked(s, w);
}

picoseconds search_serve(world *s, strand *stack, const worker *owner)
{
    if (stack->request < 0)
        return 0;
    worker *thief = &s->worker[stack->request];
    enum fl_take_mode take = s->how->take;
    uint64_t count = fl_request_gift(stack->available, take == FL_TAKE_HALF,
                                     fl_request_most(take, thief->profit.most));
    stack->request = -1;
    thief->gift.count = 0;
    if (count && !strand_take(stack, (uint32_t)count, &thief->gift))
        s->error = -ENOMEM;
    later(s, thief, across(s, COST_REPLY, owner->index, thief->index), answered);
    return cost(s, COST_ANSWER);
}
