/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Workers that sleep, wake and nap: the engine's side of the idle protocol (docs/internals/idle.md). Steps
 * that are one moment here take the engine's fences there; that no wake-up is lost is shown by its
 * models, not here. */
#include "world.h"

#include <sched/rest.h>

static step woken_up;

/* ---- Waking ---- */

/* Returns how many were parked, at most so many. */
static unsigned unpark(world *s, unsigned first, unsigned most)
{
    unsigned woken = 0;
    for (unsigned i = 0; i < s->workers && woken < most; i++) {
        worker *w = &s->worker[(first + i) % s->workers];
        if (w->is_parked) {
            w->is_parked = false;
            later(s, w, cost(s, COST_WAKE_UP), woken_up);
            woken++;
        }
    }
    return woken;
}

picoseconds rest_wake_one(world *s, const worker *by, fl_unless unless)
{
    return fl_idle_claim(&s->idle, unless) ? unpark(s, by->index + 1, 1) * cost(s, COST_WAKE) : 0;
}

/* ---- Looks and pokes ---- */

static void poke(worker *w)
{
    if (w->current)
        w->current->is_called = true;
}

static void poke_everybody(world *s)
{
    for (unsigned i = 0; i < s->workers; i++)
        poke(&s->worker[i]);
}

static bool is_ready_anywhere(const world *s)
{
    for (unsigned i = 0; i < s->workers; i++)
        if (s->worker[i].ready)
            return true;
    return false;
}

static bool is_work_anywhere(const world *s)
{
    for (unsigned i = 0; i < s->workers && !s->queue->shared; i++)
        if (s->worker[i].current && s->worker[i].current->available)
            return true;
    return queue_pending(s) || is_ready_anywhere(s);
}

static unsigned cpus_of(const world *s)
{
    return s->how->cpus ? s->how->cpus : s->workers;
}

static picoseconds wake_more(world *s, const worker *w)
{
    return unpark(s, w->index + 1, fl_idle_claim_more(&s->idle, s->workers, cpus_of(s))) *
           cost(s, COST_WAKE);
}

static bool look_for_more(world *s, worker *w, uint64_t was)
{
    bool is_alone = fl_rest_alone(was, s->workers);
    if (is_alone)
        poke(w);
    else
        poke_everybody(s);
    return is_alone ? w->ready > 0 || queue_pending(s) : is_work_anywhere(s);
}

static bool may_see_more(const world *s, uint64_t was)
{
    return fl_idle_lacking(was - FL_IDLE_SEARCHER, s->workers, cpus_of(s)) && is_work_anywhere(s);
}

picoseconds rest_found(world *s, worker *w, bool is_gift)
{
    w->woken = false;
    if (!is_gift)
        w->vain_nap = 0;
    uint64_t was = fl_idle_found(&s->idle);
    return (fl_idle_was_last(was) ? look_for_more(s, w, was) : may_see_more(s, was))
               ? wake_more(s, w)
               : 0;
}

/* ---- Sleeping ---- */

static void end_nap(world *s, worker *w)
{
    if (w->is_napping)
        fl_idle_nap(&s->idle, false);
    w->is_napping = false;
}

static void search_on(world *s, worker *w, picoseconds delay)
{
    end_nap(s, w);
    turn(s, w, FL_SEARCHING);
    later(s, w, delay, search_begin);
}

/* A token is there, or may have been taken by another worker. */
static bool take_token(world *s, worker *w)
{
    if (!fl_idle_take_token(&s->idle))
        return false;
    s->out->wakes++;
    w->is_parked = false;
    search_on(s, w, 0);
    if (fl_idle_has_token(&s->idle))
        unpark(s, w->index + 1, 1);
    return true;
}

static void woken_up(world *s, worker *w)
{
    w->is_parked = !take_token(s, w);
}

static void nap_over(world *s, worker *w)
{
    if (!fl_idle_retract(&s->idle)) /* a token is coming */
        return;
    w->is_parked = w->woken = false;
    search_on(s, w, 0);
}

/* nap: 0: until woken. */
static void wait_for_token(world *s, worker *w, picoseconds nap)
{
    w->woken = true;
    turn(s, w, FL_SLEEPING);
    if (take_token(s, w))
        return;
    w->is_parked = true;
    if (nap)
        later(s, w, nap, nap_over);
}

static void nap_for(world *s, worker *w, const fl_rest *rest)
{
    w->is_napping = rest->vain;
    if (rest->vain)
        fl_idle_nap(&s->idle, true);
    if (is_ready_anywhere(s) && fl_idle_retract(&s->idle))
        search_on(s, w, 0);
    else
        wait_for_token(s, w, rest->nap * PICOSECONDS);
}

/* Does the last searcher see something? It pokes owners. */
static bool last_look(world *s)
{
    poke_everybody(s);
    return is_work_anywhere(s);
}

void rest_sleep(world *s, worker *w, int64_t nap)
{
    if (s->how->idle != FL_IDLE_SLEEP) {
        later(s, w, nap ? nap * PICOSECONDS : cost(s, TIME_AWAKE), search_begin);
        return;
    }
    s->out->parks++;
    uint64_t was = fl_idle_sleep(&s->idle);
    fl_rest rest = fl_rest_begin(was, nap, w->woken, &w->vain_nap);
    picoseconds fence = fl_rest_fences(was, s->workers) ? cost(s, COST_ROB) : 0;
    if (rest.how == FL_REST_NAP)
        nap_for(s, w, &rest);
    else if (rest.how == FL_REST_LOOK && last_look(s) && fl_idle_retract(&s->idle))
        search_on(s, w, fence);
    else
        wait_for_token(s, w, 0);
}
