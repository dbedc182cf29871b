/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The state of a run between two events: the tasks that each fiber runs, one in another, the fiber that each worker
 * runs, and the forked tasks by slot. */
#ifndef TRACE_FRAMES_H
#define TRACE_FRAMES_H

#include "keyed.h"
#include "table.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ---- Tasks on fibers ---- */

typedef struct frame {
    uint32_t last, also; /* the strands that the present one comes after; 0: none */
    uint32_t site, slot; /* slot 0: a started task */
    int64_t since;       /* ns; -1: it does not run */
    int64_t ran;         /* ns of the present strand, before `since` */
    int64_t joins_since; /* ns, if it joins */
    int64_t unnoted;     /* ns that it ran since its last fork or join (tools/trace/ops.h) */
    uint32_t task;       /* its number there */
    bool joins;          /* waits for a task that was taken */
    bool outside;        /* a thread outside has started it */
    bool is_part;        /* no task, but a part of the one below, with a name of the user's */
} frame;

typedef struct fiber_frames {
    frame *list;
    uint32_t count, room;
    uint32_t runs_on;    /* a worker + 1; 0: none */
    uint32_t resumed_by; /* a strand; 0: none, or not known */
    int64_t waits_since; /* ns */
} fiber_frames;

typedef struct frames {
    keyed fibers;   /* struct fiber_frames, by number */
    uint32_t *runs; /* the fiber of each worker; 0: none */
    uint32_t workers;
    bool is_short; /* of memory */
} frames;

/* Zero bytes may be ended, too. false: no memory. */
bool frames_begin(frames *all, uint32_t workers);
void frames_end(frames *all);
/* NULL: number 0, or no memory. Valid until the next call for a new number. */
fiber_frames *frames_of(frames *all, uint32_t number);
/* The fiber that the writer runs; NULL: none. */
fiber_frames *frames_here(frames *all, uint32_t writer);
/* May the writer run that fiber, or does another one do so? */
bool frames_may_run(frames *all, uint32_t writer, uint32_t number);
void frames_switch(frames *all, uint32_t writer, uint32_t number);

/* NULL: there is none. Valid until the next push. */
frame *frames_top(const fiber_frames *on);
bool frames_push(fiber_frames *on, const frame *pushed);
void frames_pop(fiber_frames *on);

/* ---- Slots ---- */

enum slot_state { SLOT_FREE, SLOT_FORKED, SLOT_RUNS, SLOT_ENDED };

typedef struct slot_record {
    uint32_t fork, end; /* strands */
    uint32_t by;        /* the name of the task that forked it */
    enum slot_state state;
    int64_t ended;  /* ns */
    uint32_t task;  /* its number in tools/trace/ops.h */
    uint32_t older; /* a record; 0: none */
} slot_record;

/* The tasks in slots. A task that ran in its fork, as the fork stack was full, may lie below a later one of the
 * same slot (runtime/engine/fork_join.h). Zero bytes: empty. */
typedef struct slots {
    table newest;        /* by slot: a record */
    slot_record *record; /* from 1 on */
    uint32_t count, room;
    uint32_t unused; /* the first of a list; 0: none */
} slots;

void slots_end(slots *all);
/* The newest task of that slot; NULL: none is known. Valid until the next fork. */
slot_record *slots_at(slots *all, uint32_t slot);
/* A task is forked there. NULL: no memory. */
slot_record *slots_fork(slots *all, uint32_t slot);
/* The newest one there is joined. */
void slots_joined(slots *all, uint32_t slot);

#endif
