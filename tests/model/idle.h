/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The shape of a model of the idle protocol (tests/model/idle.c), and its parts. The rows are in
 * tests/model/idle_rows.c. */
#ifndef MODEL_IDLE_H
#define MODEL_IDLE_H

#include <sched/queue.h>
#include <stdbool.h>

struct shape {
    const char *script;
    unsigned searchers;
    bool asks;             /* before it robs, as the runtime does */
    bool escapes;          /* see tests/model/idle.c */
    bool full_fence;       /* no membarrier; forks are out of line */
    const fl_queue *queue; /* NULL: chase-lev */
    bool poked;            /* limit is NULL from the beginning */
    bool woken;            /* searcher 1 was woken for nothing: it naps */
    bool endless;          /* nobody's time limit comes: a nap ends by a wake-up alone */
    int64_t nap;           /* of searcher 1: not worth it, says the profit rule */
    unsigned place;        /* of the producer among the workers; else the first */
    bool fibers;           /* two searchers run fibers, on which they could fork */
    bool helps;            /* searcher 1 is within a task, and helps until a word changes */
    bool homes;            /* searcher 1 has a fiber that stays with it */
    unsigned beside;       /* workers that run something else all the time */
    bool forks, pushes, submits, switches, takes, retires; /* the actions of the script */
};

/* The parts of each row: before an execution, of each thread, and after it. */
void lay_out(struct shape chosen);
void body(unsigned thread);
void finish(void);
/* Asleep on a park word; `finish` says whether that is right. */
bool may_rest(void);

#endif
