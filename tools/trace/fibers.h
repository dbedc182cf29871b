/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The fibers of a trace while its events go by: the jobs and tasks that each is running, one in another, and
 * its wait. */
#ifndef TRACE_FIBERS_H
#define TRACE_FIBERS_H

#include "keyed.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct fiber_run {
    int64_t since; /* ns */
    uint32_t name;
    uint32_t kind, slot; /* of the event that began it; slot 0: not a forked task's */
} fiber_run;

typedef struct fiber {
    int64_t waits_since, ready_since; /* ns + 1; 0: not known */
    uint32_t waits_in, ready_by;      /* a name, a writer */
    uint32_t ready_in;                /* the name of that writer's task; 0: not known */
    fiber_run *runs;
    size_t depth, room;
} fiber;

/* Zero bytes: empty. */
typedef struct fibers {
    keyed list;    /* by number */
    bool is_short; /* of memory */
} fibers;

/* Of that number. NULL: number 0, or no memory. Valid until the next call. */
fiber *fibers_at(fibers *all, uint32_t number);
void fibers_free(fibers *all);

/* Of one of these fibers. */
void fiber_begin(fibers *all, fiber *f, const fiber_run *begun);
/* The newest run of that kind and slot ends, and those above it, which a panic has left without an end; NULL: none is
 * known. Valid until the next beginning. */
const fiber_run *fiber_end(fiber *f, uint32_t kind, uint32_t slot);
/* The innermost run; NULL: none is known. */
const fiber_run *fiber_runs(const fiber *f);

#endif
