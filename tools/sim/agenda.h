/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The agenda of a simulation. Each worker has at most one event; a binary heap orders them by
 * time, and events of one time by the order in which they were set, so a run is deterministic. */
#ifndef SIM_AGENDA_H
#define SIM_AGENDA_H

#include "costs.h"

typedef struct event {
    picoseconds at;
    uint64_t order; /* of being set */
    unsigned worker;
} event;

typedef struct agenda {
    event *heap;
    unsigned *place; /* of a worker: its index in the heap + 1; 0: it has no event */
    unsigned count;
    uint64_t set;
} agenda;

/* 0 or -ENOMEM. */
int agenda_init(agenda *a, unsigned workers);
void agenda_free(agenda *a);
/* The worker's only event; replaces one that was set before. */
void agenda_set(agenda *a, unsigned worker, picoseconds at);
/* The worker has no event until it is set. */
void agenda_drop(agenda *a, unsigned worker);
/* The first event, which is dropped; count is above 0. */
event agenda_next(agenda *a);

#endif
