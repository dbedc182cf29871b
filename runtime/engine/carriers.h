/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A runtime's state for the threads that carry its blocking calls. runtime/sync/blocking.h, above
 * the engine, has their protocol and all functions on it. */
#ifndef FL_CARRIERS_H
#define FL_CARRIERS_H

#include <filch/atomic.h>

#include <stdbool.h>

struct fl_blocked;
struct fl_carrier;

/* Zero bytes: no call was made yet. */
typedef struct fl_blocking {
    filch_u32 lock; /* of what follows */
    bool closing;
    unsigned threads;                /* in existence, without those about to end */
    unsigned calls;                  /* announced, and not over */
    unsigned open;                   /* the same, until the waiter has been told */
    struct fl_blocked *first, *last; /* wait for a carrier */
    struct fl_carrier *idle;         /* last in, first out */
    struct fl_carrier *ended;        /* the last to end joins the one before */
} fl_blocking;

#endif
