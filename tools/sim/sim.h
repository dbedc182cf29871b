/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The simulation: workers that run a generator's tasks and steal from each other, event by event.
 *
 * The decisions of a search, of a theft and of rest are the library's own code: sched/victims,
 * rounds.h, request.h, profit.h, rest.h, idle.h and rng.h, and runtime/engine/patience.h. These are
 * restated, since the library has atomics, clocks and fibers in them:
 *
 *   restated              of                             in            simplification
 *   own places            runtime/engine/find_work.c          search.c      no due finds, no inbox
 *   time of a search      sched/warm.h                   search.c      always search-spin
 *   words of a request    sched/forkstack.c              search.c,     a gift of many is of one task's
 *                                                        work.c        children
 *   join that waits       runtime/engine/fork_join.c      work.c        wait mode suspend
 *   ready deques          sched/deque.c, steal.c         search.c      no lost time
 *   queues                runtime/queue/                 queue.c       a lock is a time
 *   pokes, looks, tokens  runtime/engine/park.c          rest.c        no memory is given back
 *   idle modes            runtime/engine/find_work.c         rest.c        naps are not cut short
 *   distances             runtime/platform/machine/topology.c    machine.c     4 tiers
 *
 * docs/lab/scale.md has the same list with the test of each. Nothing here models caches, the operating
 * system, or cores that share anything: costs are constants (costs.h). */
#ifndef SIM_SIM_H
#define SIM_SIM_H

#include "costs.h"
#include "generate.h"
#include "machine.h"
#include "queue.h"

#include <sched/mode.h>
#include <sched/times.h>
#include <sched/victims/policy.h>

typedef struct simulation {
    const generator *graph;
    const machine *machine; /* its workers take part */
    const costs *costs;
    const fl_policy *policy;
    const sim_queue *queue; /* NULL: the default */
    enum fl_take_mode take;
    enum fl_idle_mode idle; /* FL_IDLE_YIELD is as FL_IDLE_SPIN */
    uint64_t seed;
    unsigned cpus; /* fewer than workers; 0: each worker has its own */
} simulation;

enum { SIM_JOBS = 8 /* counted one by one, the last number for all above */ };

enum miss { MISSED_EMPTY, MISSED_BUSY, MISSED_REFUSED, MISSED_GONE, MISSED_READY, MISSES };

typedef struct outcome {
    picoseconds makespan;
    picoseconds computed;          /* by all tasks */
    picoseconds spent[FL_DOINGS];  /* by all workers: working, searching, sleeping */
    uint64_t tasks, forks;         /* forks: those of gifts of many included */
    uint64_t asks, gifts, robs;    /* requests; answers with something; thefts without one */
    uint64_t stolen, ready_stolen; /* tasks, by both; ready fibers */
    uint64_t steals_of[SIM_TIERS]; /* gifts, robs and ready fibers */
    uint64_t missed[MISSES];       /* attempts */
    uint64_t waits, parks, wakes;
    picoseconds held[SIM_JOBS]; /* time of all workers with so many jobs that arrived, running or
                                   ready, while they were counted (arrive.h) */
    double jobs;                /* the sum of their numbers x time */
    uint64_t events;
} outcome;

/* 0, -ENOMEM. Same simulation, same outcome. */
int simulate(const simulation *how, outcome *out);

#endif
