/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "world.h"

#include <sched/rng.h>

enum { WARM = 5 /* this part of all jobs is not counted */ };

static step arrive;

/* The source has the event behind those of the workers. */
static void next_arrival(world *s)
{
    const generator *g = s->how->graph;
    later(s, &s->worker[s->workers], g->shape->apart(g, s->arrivals.came, s->workers), arrive);
}

void arrive_begin(world *s)
{
    const generator *g = s->how->graph;
    phase all;
    g->shape->root(g, &s->arrivals.root);
    g->shape->phase(g, &s->arrivals.root, 0, &all);
    s->arrivals.of = all.children;
    s->arrivals.rng = fl_rng_seed(s->how->seed, s->workers);
    s->worker[s->workers].index = s->workers;
    s->out->tasks = 1;
    next_arrival(s);
}

void arrive_note(world *s, worker *w)
{
    outcome *o = s->out;
    picoseconds time = s->now - w->noted_at;
    unsigned jobs = w->noted < SIM_JOBS ? w->noted : SIM_JOBS - 1;
    if (s->arrivals.is_counted) {
        o->held[jobs] += time;
        o->jobs += (double)w->noted * (double)time;
    }
    w->noted = w->ready + (w->current != NULL);
    w->noted_at = s->now;
}

static void count(world *s, bool is_counted)
{
    for (unsigned i = 0; i < s->workers; i++)
        arrive_note(s, &s->worker[i]);
    s->arrivals.is_counted = is_counted;
}

static strand *new_job(world *s, uint32_t number)
{
    const generator *g = s->how->graph;
    strand *job = strand_new(s);
    if (!job)
        return NULL;
    g->shape->child(g, &s->arrivals.root, 0, number, &strand_top(job)->of.at);
    job->is_gift = false;
    return job;
}

static void arrive(world *s, worker *source)
{
    worker *w = &s->worker[fl_rng_below(&s->arrivals.rng, s->workers)];
    uint64_t number = s->arrivals.came++;
    strand *job = new_job(s, (uint32_t)number);
    (void)source;
    if (!job)
        return;
    s->out->forks++;
    work_make_ready(s, w, job);
    arrive_note(s, w);
    if (number == s->arrivals.of / WARM)
        count(s, true);
    if (w->doing == FL_SEARCHING)
        search_own(s, w);
    else
        rest_wake_one(s, &s->worker[(w->index + s->workers - 1) % s->workers], FL_UNLESS_NAPPING);
    if (s->arrivals.came < s->arrivals.of)
        next_arrival(s);
    else
        count(s, false);
}

bool arrive_end(world *s)
{
    return ++s->arrivals.ended == s->arrivals.of;
}
