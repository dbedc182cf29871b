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

/* All are idle but worker 0, which has just found the root: the end of its search has poked it. */
static void begin(world *s)
{
    node root;
    strand *first = strand_new(s);
    if (!first)
        return;
    s->how->graph->shape->root(s->how->graph, &root);
    strand_top(first)->of.at = root;
    fl_idle_init(&s->idle, 0);
    for (unsigned i = 0; i < s->workers; i++) {
        worker *w = &s->worker[i];
        w->index = w->victim = i;
        w->rng = fl_rng_seed(s->how->seed, i);
        fl_profit_init(&w->profit);
        fl_idle_search(&s->idle);
        if (i)
            begin_idle(s, w);
    }
    fl_idle_found(&s->idle);
    first->origin.strand = NULL;
    first->is_gift = false;
    first->is_called = true;
    s->worker[0].current = first;
    later(s, &s->worker[0], 0, work_on);
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
    s.worker = calloc(s.workers, sizeof *s.worker);
    if (!s.worker || queue_begin(&s) || agenda_init(&s.agenda, s.workers)) {
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
