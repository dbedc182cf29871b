/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * State of a running simulation, shared by its parts: work.c (a worker that runs tasks), search.c
 * (one that looks for some) and rest.c (one that sleeps). Each part is a set of steps: a step
 * belongs to one worker, changes the world at one moment, and sets the worker's next event. */
#ifndef SIM_WORLD_H
#define SIM_WORLD_H

#include "agenda.h"
#include "arrive.h"
#include "sim.h"
#include "strand.h"

#include <sched/forkstack.h>
#include <sched/idle.h>
#include <sched/profit.h>
#include <sched/rounds.h>

struct world;
struct worker;
typedef void step(struct world *s, struct worker *w);

typedef struct worker {
    unsigned index;
    step *next; /* at its event */
    strand *current;
    strand *oldest_ready, *newest_ready;
    unsigned ready;

    /* Searching, with the names of runtime/engine/worker.h */
    unsigned misses, victim;
    uint64_t rng;
    struct worker *robbed; /* the last item came from its deque */
    fl_profit profit;
    bool woken, stolen_lately;
    fl_rounds rounds;
    unsigned attempt, looks;
    unsigned asked; /* the victim of this attempt */
    strand *stack;  /* its strand then */
    uint64_t seen;  /* changes of that, or the number of its oldest ready strand */
    place gift;     /* an answer */
    picoseconds spin_until;

    /* Resting */
    bool is_parked, is_napping;
    int64_t vain_nap; /* ns */

    enum fl_doing doing;
    picoseconds since;

    /* Jobs that arrive */
    unsigned noted;
    picoseconds noted_at;
} worker;

typedef struct world {
    const simulation *how;
    outcome *out;
    unsigned workers;
    worker *worker; /* the last one is not a worker, but the source of arrivals */
    agenda agenda;
    picoseconds now;
    fl_idle idle;
    const sim_queue *queue;
    sim_ring ring; /* of a shared queue */
    arrivals arrivals;
    strand *made;    /* all, a list */
    strand *unused;  /* those without a task, a list */
    uint64_t pushed; /* ready strands, to number them */
    bool is_over;
    int error; /* -ENOMEM: the simulation ends */
} world;

static inline picoseconds cost(const world *s, enum cost which)
{
    return s->how->costs->of[which];
}

static inline picoseconds across(const world *s, enum cost which, unsigned one, unsigned other)
{
    return costs_across(s->how->costs, which, machine_tier(s->how->machine, one, other));
}

/* The worker's next step, after a delay. */
static inline void later(world *s, worker *w, picoseconds delay, step *next)
{
    w->next = next;
    agenda_set(&s->agenda, w->index, s->now + delay);
}

/* From now on the worker does that. */
static inline void turn(world *s, worker *w, enum fl_doing doing)
{
    s->out->spent[w->doing] += s->now - w->since;
    w->doing = doing;
    w->since = s->now;
}

/* ---- work.c ---- */

/* NULL: no memory, and s->error says so. */
strand *strand_new(world *s);
/* Runs its current strand on. */
step work_on;
/* Begins with what was taken, after a delay; the worker is no searcher any more. */
void work_begin(world *s, worker *w, const place *what, bool is_gift, picoseconds delay);
/* The slow fork of an owner that was called: answers a request, and wakes a worker. */
picoseconds work_answer(world *s, worker *w);
/* Makes a strand ready on that worker; wakes nobody. */
void work_make_ready(world *s, worker *w, strand *one);
/* Goes on with a ready strand, after a delay. */
void work_resume(world *s, worker *w, strand *ready, picoseconds delay);

/* ---- search.c ---- */

/* fl_find: the worker has nothing to run. */
step search_find;
/* The search itself; the worker is counted as searching. */
step search_begin;
/* The owner of a strand answers a request, if there is one. Returns the owner's cost. */
picoseconds search_serve(world *s, strand *stack, const worker *owner);

/* A searcher that has something ready of its own takes it. */
step search_own;
/* The attempt took nothing; the next one, or the end of the round. */
void search_missed(world *s, worker *w, enum miss why);
/* The attempt took w->gift. */
void search_hit(world *s, worker *w, bool is_gift);
/* Asks the owner of w->stack, and robs it if it stays silent. */
step search_ask;

/* How a request finds the owner of a strand, as fl_forkstack_ask. */
enum fl_asked search_asked(const strand *stack);
/* A ready strand, oldest or newest; NULL: there is none. */
strand *search_take_ready(worker *from, bool is_oldest);
/* The tasks that a look counts, as fl_forkstack_length: rounded down to a power of two. */
unsigned search_seen(uint64_t forked);

/* ---- rest.c ---- */

/* fl_sleep; nap: ns, 0: until woken. */
void rest_sleep(world *s, worker *w, int64_t nap);
/* fl_found; returns its cost. */
picoseconds rest_found(world *s, worker *w, bool is_gift);
/* fl_wake_one, by a worker; returns its cost. */
picoseconds rest_wake_one(world *s, const worker *by, fl_unless unless);

#endif
