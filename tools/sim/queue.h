/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Queues of the simulation: where forked tasks are, what a fork and a join cost there, and how a
 * searching worker gets one. Each is a row in queue.c, named as the library's (docs/lab.md). */
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

/* A bounded ring for all, first in, first out. An entry is the strand that forked, NULL if the task
 * was joined; a strand's tasks are taken in the order of their forks, so it need not say which. */
typedef struct sim_ring {
    strand **entry;
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
/* Takes the oldest task of the shared queue, as w->gift; *delay is the cost. false: there is none. */
bool queue_take(struct world *s, struct worker *w, picoseconds *delay);

#endif
