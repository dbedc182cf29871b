/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Queues of the simulation: where forked tasks are, what a fork and a join cost there, and how a
 * searching worker gets one. Each is a row in queue.c, named as the library's (docs/lab/README.md). */
#ifndef SIM_QUEUE_H
#define SIM_QUEUE_H

#include "strand.h"

struct world;
struct worker;

typedef struct sim_queue {
    const char *name;
    bool shared; /* one for all workers; else tasks are taken from victims */
    /* After a fork of the worker's strand: the owner's cost. */
    picoseconds (*forked)(struct world *s, struct worker *w);
    /* The newest forked child of the worker's strand is joined. NULL: costs nothing more. */
    picoseconds (*joined)(struct world *s, struct worker *w);
    /* The worker has looked at its victim, which has a current strand with tasks. */
    void (*steal)(struct world *s, struct worker *w);
} sim_queue;

/* All, ended by NULL; the first is the default. */
extern const sim_queue *const sim_queues[];

/* A bounded ring for all, first in, first out. An entry is a slot of a fork stack, and stays when
 * the task in it is joined. The next fork into that slot is then found at the old entry, ahead of
 * older forks: so it is in the library, too. */
typedef struct sim_entry {
    strand *strand;
    uint32_t slot;
} sim_entry;

typedef struct sim_ring {
    sim_entry *entry;
    uint64_t head, tail;
    picoseconds free_at; /* when the lock is free again */
    int holder;          /* the last one; -1: none */
} sim_ring;

/* 0 or -ENOMEM. */
int queue_begin(struct world *s);
void queue_end(struct world *s);
/* Does the shared queue hold entries, stale ones counted? */
bool queue_pending(const struct world *s);
/* Does the next fork find no room? Then its child runs at once. */
bool queue_is_full(const struct world *s);
/* Takes the first task of the shared queue, as w->gift; *delay is the cost. false: there is none. */
bool queue_take(struct world *s, struct worker *w, picoseconds *delay);

#endif
