/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "world.h"

#include <sched/rng.h>

#include <errno.h>
#include <stdlib.h>

/* It sleeps, or searches on if workers do not sleep. */
static void begin_idle(world *s, worker *w)
{
    bool sleeps = s->how->idle == FL_IDLE_SLEEP;
    w->doing = sleeps ? FL_SLEEPING : FL_SEARCHING;
    w->is_parked = sleeps;
    if (sleeps)
        fl_idle_sleep(&s->idle);
    else
        later(s, w, 0, search_begin);
}

/* Worker 0 has just found the root: the end of its search has poked it. */
static void begin_root(world *s)
{
    strand *first = strand_new(s);
    if (!first)
        return;
    s->how->graph->shape->root(s->how->graph, &strand_top(first)->of.at);
    fl_idle_found(&s->idle);
    first->origin.strand = NULL;
    first->is_gift = false;
    first->is_called = true;
    s->worker[0].current = first;
    later(s, &s->worker[0], 0, work_on);
}

static void begin(world *s)
{
    bool arrive = s->how->graph->shape->apart;
    fl_idle_init(&s->idle, 0);
    for (unsigned i = 0; i < s->workers; i++) {
        worker *w = &s->worker[i];
        w->index = w->victim = i;
        w->rng = fl_rng_seed(s->how->seed, i);
        fl_profit_init(&w->profit);
        fl_idle_search(&s->idle);
        if (i || arrive)
            begin_idle(s, w);
    }
    if (arrive)
        arrive_begin(s);
    else
        begin_root(s);
}

static void run(world *s)
{
    while (!s->is_over && !s->error) {
        if (!s->agenda.count) { /* all sleep: a lost wake-up */
            s->error = -EDEADLK;
            return;
        }
        event e = agenda_next(&s->agenda);
        s->now = e.at;
        s->out->events++;
        s->worker[e.worker].next(s, &s->worker[e.worker]);
    }
}

static void end(world *s)
{
    for (unsigned i = 0; i < s->workers; i++)
        turn(s, &s->worker[i], s->worker[i].doing);
    while (s->made) {
        strand *one = s->made;
        s->made = one->made_before;
        strand_free(one);
    }
    s->out->makespan = s->now;
}

int simulate(const simulation *how, outcome *out)
{
    world s = {.how = how, .out = out, .workers = how->machine->workers};
    *out = (outcome){0};
    s.worker = calloc(s.workers + 1, sizeof *s.worker);
    if (!s.worker || queue_begin(&s) || agenda_init(&s.agenda, s.workers + 1)) {
        queue_end(&s);
        free(s.worker);
        return -ENOMEM;
    }
    begin(&s);
    run(&s);
    end(&s);
    agenda_free(&s.agenda);
    queue_end(&s);
    free(s.worker);
    return s.error;
}
