/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * How items move through a pipeline. Each function is called with the pipeline's lock held, except
 * fl_pipe_lock. Changes that need the lock to be free are collected in fl_pipe_after. */
#ifndef FL_PIPELINE_STAGES_H
#define FL_PIPELINE_STAGES_H

#include <runtime/engine/inbox.h>
#include <runtime/patterns/pipeline.h>
#include <runtime/platform/lock.h>

static inline void fl_pipe_lock(filch_pipeline *pipeline)
{
    fl_lock(&pipeline->wait_queue.lock);
}
/* Unlocks, and does the work in *after; tells those that wait for the end, if it has come. */
void fl_pipe_leave(filch_pipeline *pipeline, fl_pipe_after *after);
/* Every item has left its last stage, or was dropped. */
bool fl_pipe_drained(const filch_pipeline *pipeline);
/* And nobody waits in it. */
bool fl_pipe_ended(const filch_pipeline *pipeline);
static inline bool fl_stage_has_room(const fl_pipe_stage *stage)
{
    return stage->stats.waiting < stage->config.capacity;
}
/* There is room. */
void fl_stage_enter(fl_pipe_stage *stage, void *item, fl_pipe_after *after);
/* Takes the oldest of its ring, and admits those before it to the room, unless the pipeline is
 * stopped. */
void *fl_stage_leave(fl_pipe_stage *stage, fl_pipe_after *after);
/* For a runner. false: there is nothing to do. */
bool fl_stage_take(fl_pipe_stage *stage, filch_emitter *out, fl_pipe_after *after);
/* The function has returned; its emitted items may leave. */
void fl_stage_done(fl_pipe_stage *stage, const filch_emitter *out, fl_pipe_after *after);
/* Moves an item to the next stage, or its seat. false: it must wait in *queue. */
bool fl_stage_emit(filch_emitter *out, void *item, filch_waiters **queue, fl_pipe_after *after);
/* false: it is stopped already, or there is nothing left to stop. */
bool fl_pipe_stop(filch_pipeline *pipeline, const filch_failure *why, fl_pipe_after *after);
/* Is there work for the sweeper, and is none under way? */
bool fl_pipe_has_waste(const filch_pipeline *pipeline);
/* An item in a ring or a seat of a stopped pipeline, and its stage. */
bool fl_pipe_sweep(filch_pipeline *pipeline, void **item, fl_pipe_stage **of);

/* ---- The tasks of stages ---- */

/* The tasks of a pipeline: runners, and the sweeper. None of these functions holds its lock. */

void fl_pipe_run(filch_self self, fl_work_item *item);
void fl_pipe_sweep_task(filch_self self, fl_work_item *item);
/* Stops it when its context is done, perhaps at once. */
void fl_pipe_watch(filch_pipeline *pipeline);
/* The calling task is a function of the pipeline. */
bool fl_pipe_here(const filch_pipeline *pipeline);

#endif
