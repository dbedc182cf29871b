/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Makes a film from events, each cause before its effect. A thief's event of a theft does not name the task: it is
 * the one that the thief begins next, so the theft becomes a step right before that. */
#ifndef PLAY_MAKER_H
#define PLAY_MAKER_H

#include "reel.h"

#include <tools/trace/frames.h>

/* A theft that a worker has recorded, and whose task it has not begun. */
typedef struct theft {
    enum film_kind kind;
    uint32_t count; /* 0: there is none */
} theft;

typedef struct maker {
    reel reel;
    frames frames; /* `site`: the number of the task */
    table slots;   /* the newest task of each */
    table items;   /* started tasks that have not begun */
    theft *thefts; /* by worker */
    bool has_orphans;
} maker;

/* ---- Parts of reactions ---- */

/* The number of a frame's task. 0: the frame is NULL. */
uint32_t maker_task_of(const frame *top);
/* The newest one of a slot; 0: none is known. */
uint32_t maker_task_in(const maker *m, uint32_t slot);
uint32_t maker_worker(const maker *m, const trace_event *e);
void maker_step(maker *m, enum film_kind kind, const trace_event *e, uint32_t task, uint32_t other);
/* All tasks of a fiber are at that place now, each at its depth. */
void maker_place_fiber(maker *m, const fiber_frames *on, enum film_where where, uint32_t at);
void maker_begin(maker *m, fiber_frames *on, const trace_event *e, uint32_t task, frame pushed);
/* The depth of the innermost task of that slot; UINT32_MAX: there is none. */
uint32_t maker_depth_of(const fiber_frames *on, uint32_t slot, bool is_part);
/* The task of that depth ends. */
void maker_end(maker *m, fiber_frames *on, const trace_event *e, uint32_t depth,
               enum film_where to);
/* The event's worker takes it, and those that are handed over with it, from the deque of another one. */
void maker_take(maker *m, const trace_event *e, uint32_t first, uint32_t from);

/* ---- Reactions. on: the fiber that the event's worker runs, or NULL ---- */

void maker_on_fork(maker *m, fiber_frames *on, const trace_event *e);
void maker_on_run(maker *m, fiber_frames *on, const trace_event *e);
void maker_on_run_end(maker *m, fiber_frames *on, const trace_event *e);
void maker_on_join(maker *m, fiber_frames *on, const trace_event *e);
void maker_on_joined(maker *m, fiber_frames *on, const trace_event *e);
void maker_on_theft(maker *m, fiber_frames *on, const trace_event *e);
void maker_on_submit(maker *m, fiber_frames *on, const trace_event *e);
void maker_on_job(maker *m, fiber_frames *on, const trace_event *e);
void maker_on_job_end(maker *m, fiber_frames *on, const trace_event *e);
void maker_on_pooled(maker *m, fiber_frames *on, const trace_event *e);
void maker_on_pooled_end(maker *m, fiber_frames *on, const trace_event *e);
void maker_on_wait(maker *m, fiber_frames *on, const trace_event *e);
void maker_on_resume(maker *m, fiber_frames *on, const trace_event *e);
void maker_on_mark(maker *m, fiber_frames *on, const trace_event *e);
void maker_on_switch(maker *m, const trace_event *e);

#endif
