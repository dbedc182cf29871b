/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "queue.h"
#include "world.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* ---- chase-lev: thieves ask (search.c) ---- */

static void steal_asks(world *s, worker *w)
{
    later(s, w, across(s, COST_ASK, w->index, w->asked), search_ask);
}

static picoseconds chase_lev_forked(world *s, worker *w)
{
    return w->current->is_called ? work_answer(s, w) : 0;
}

static const sim_queue chase_lev = {.name = "chase-lev",
                                    .forked = chase_lev_forked,
                                    .steal = steal_asks};

/* ---- the: owners fence, thieves take ---- */

static picoseconds the_forked(world *s, worker *w)
{
    return cost(s, COST_FENCED) + rest_wake_one(s, w, FL_UNLESS_SEARCHING);
}

static picoseconds the_joined(world *s, worker *w)
{
    (void)w;
    return cost(s, COST_FENCED);
}

static void the_take(world *s, worker *w)
{
    if (w->stack != s->worker[w->asked].current || !w->stack->available) {
        search_missed(s, w, MISSED_GONE);
        return;
    }
    if (!strand_take(w->stack, 1, &w->gift)) {
        s->error = -ENOMEM;
        return;
    }
    s->out->robs++;
    search_hit(s, w, false);
}

static void steal_takes(world *s, worker *w)
{
    later(s, w, across(s, COST_TAKE, w->index, w->asked), the_take);
}

static const sim_queue the = {.name = "the",
                              .forked = the_forked,
                              .joined = the_joined,
                              .steal = steal_takes};

/* ---- central-mutex: one bounded ring under one lock ---- */

enum { RING = 4096 /* as in runtime/queue/central_mutex.c */ };

int queue_begin(world *s)
{
    s->queue = s->how->queue ? s->how->queue : sim_queues[0];
    s->ring = (sim_ring){.holder = -1};
    if (s->queue->shared && !(s->ring.entry = calloc(RING, sizeof *s->ring.entry)))
        return -ENOMEM;
    return 0;
}

void queue_end(world *s)
{
    free(s->ring.entry);
}

bool queue_pending(const world *s)
{
    return s->ring.head != s->ring.tail;
}

bool queue_is_full(const world *s)
{
    return s->queue->shared && s->ring.tail - s->ring.head == RING;
}

/* Waits for the lock, and holds it: it comes from the worker that had it last. */
static picoseconds lock(world *s, const worker *w)
{
    sim_ring *r = &s->ring;
    unsigned from = r->holder < 0 ? w->index : (unsigned)r->holder;
    r->free_at = r->free_at > s->now ? r->free_at : s->now;
    r->free_at += across(s, COST_LOCK, from, w->index);
    r->holder = (int)w->index;
    return r->free_at - s->now;
}

static picoseconds central_forked(world *s, worker *w)
{
    sim_ring *r = &s->ring;
    const frame *f = strand_top(w->current);
    picoseconds delay = lock(s, w);
    if (!queue_is_full(s))
        r->entry[r->tail++ % RING] = (sim_entry){w->current, f->slot + f->high - 1};
    return delay + rest_wake_one(s, w, FL_UNLESS_SEARCHING);
}

/* Its entry stays. */
static picoseconds central_joined(world *s, worker *w)
{
    (void)w;
    return cost(s, COST_FENCED);
}

/* As next_ready of runtime/queue/central_mutex.c. */
static const sim_entry *next_offered(sim_ring *r)
{
    while (r->head != r->tail) {
        const sim_entry *e = &r->entry[r->head++ % RING];
        if (strand_offers(e->strand, e->slot))
            return e;
    }
    return NULL;
}

bool queue_take(world *s, worker *w, picoseconds *delay)
{
    if (!s->queue->shared || !queue_pending(s))
        return false;
    *delay = lock(s, w);
    const sim_entry *e = next_offered(&s->ring);
    if (!e)
        return false;
    if (!strand_take_at(e->strand, e->slot, &w->gift))
        s->error = -ENOMEM;
    s->out->stolen++;
    return !s->error;
}

static const sim_queue central_mutex = {.name = "central-mutex",
                                        .shared = true,
                                        .forked = central_forked,
                                        .joined = central_joined};

const sim_queue *const sim_queues[] = {&chase_lev, &the, &central_mutex, NULL};
