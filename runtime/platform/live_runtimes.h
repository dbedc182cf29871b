/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The live runtimes of this process, with the number of workers of each: the facts about other
 * runtimes that a placement needs, and whether workers may spin.
 *
 * Life: a resident is part of its runtime, enters before the runtime's first thread starts and
 * leaves when no worker runs any more. A child of fork() has none. Threads: any; the list is behind
 * a lock. */
#ifndef FL_LIVE_RUNTIMES_H
#define FL_LIVE_RUNTIMES_H

#include <filch/atomic.h>
#include <runtime/platform/machine/placement.h>

typedef struct fl_resident {
    struct fl_resident *next;
    fl_placement placement; /* never changes */
    unsigned workers;       /* active ones */
} fl_resident;

/* Workers of all live runtimes. A number; nothing depends on it. */
extern filch_u32 fl_residents_workers;

/* Places a runtime among the others and lists it. `in` lacks others_pinned, load and seed.
 * -ENOMEM. */
int fl_residents_enter(fl_resident *one, struct fl_placing *in);
void fl_residents_resize(fl_resident *one, unsigned workers);
void fl_residents_leave(fl_resident *one);
/* In a child of fork(). */
void fl_residents_forget(void);

#endif
