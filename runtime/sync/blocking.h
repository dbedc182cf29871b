/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Blocking calls from within. Carriers are threads that carry a fiber, or call a function, while it
 * blocks. The fiber goes over, not its worker: it suspends, a carrier switches to it, and at the end
 * it suspends on the carrier and is resumed by its runtime. So a worker keeps its deque, its fork
 * stacks' thieves and its CPU, and nothing of the engine knows of carriers.
 *
 * A carrier switches as a worker does, and has an fl_worker for that, which is in no runtime's list:
 * nobody steals from it, and its counters are not summed, so that a carried fiber counts as
 * suspended and the runtime does not end before it is back.
 *
 * Under the lock: threads >= the lesser of calls and the limit, so that a call waits for its turn
 * only where the limit is reached or the system gives no more threads. A carrier is free for the
 * next call before it gives its fiber back: a task that makes one call after another needs one.
 *
 * Edges, beside W3 of runtime/core/suspend.c:
 *   A1 give: store called, release  -> A2 carrier: load called, acquire; it sees its call */
#ifndef FL_BLOCKING_H
#define FL_BLOCKING_H

#include <filch/atomic.h>

#include <stdbool.h>

struct fl_blocked;
struct fl_carrier;
struct filch_runtime;

/* Zero bytes: nobody has made a call yet. */
typedef struct fl_blocking {
    filch_u32 lock; /* of what follows */
    bool closing;
    unsigned threads;                /* that exist, but for those at their end */
    unsigned calls;                  /* announced, and not over */
    unsigned open;                   /* the same, until whoever waits has been told */
    struct fl_blocked *first, *last; /* wait for a carrier */
    struct fl_carrier *idle;         /* last in, first out */
    struct fl_carrier *ended;        /* the last to end joins the one before */
} fl_blocking;

/* No worker runs any more, no call is open: ends the carriers. */
void fl_blocking_stop(struct filch_runtime *rt);
/* What a detector of deadlocks asks: calls that are open, and carriers that exist. */
void fl_blocking_count(struct filch_runtime *rt, unsigned *calls, unsigned *threads);
/* The calling fiber is carried no more, however many pairs it is in: it panics, and unwinding needs
 * a worker. Its catcher may be inside of the pairs; their ends find it on a worker. */
void fl_blocking_abandon(void);

#endif
