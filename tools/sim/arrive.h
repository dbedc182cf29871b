/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Jobs that arrive while the simulation runs: the children of the root, which nobody forks. Each
 * becomes ready at a random worker, at a time that the generator says. An idle worker that searches
 * finds it at once; of idle workers that sleep one is woken. Counts how many jobs each worker has,
 * over the time from one fifth of all arrivals to the last one. */
#ifndef SIM_ARRIVE_H
#define SIM_ARRIVE_H

#include "generate.h"

struct world;
struct worker;

typedef struct arrivals {
    node root;
    uint64_t of, came, ended; /* jobs; of: 0: none arrive */
    uint64_t rng;
    bool is_counted; /* now */
} arrivals;

/* All workers idle. */
void arrive_begin(struct world *s);
/* The number of the worker's jobs may have changed. */
void arrive_note(struct world *s, struct worker *w);
/* A job has ended. Was it the last? */
bool arrive_end(struct world *s);

#endif
