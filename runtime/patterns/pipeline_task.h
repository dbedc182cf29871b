/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The tasks of a pipeline: runners, and the sweeper. None of these functions holds its lock. */
#ifndef FL_PIPELINE_TASK_H
#define FL_PIPELINE_TASK_H

#include <runtime/engine/inbox.h>
#include <runtime/patterns/pipeline.h>

void fl_pipe_run(filch_self self, fl_work_item *item);
void fl_pipe_sweep_task(filch_self self, fl_work_item *item);
/* Stops it when its context is done, perhaps at once. */
void fl_pipe_watch(filch_pipeline *pipeline);
/* The calling task is a function of the pipeline. */
bool fl_pipe_here(const filch_pipeline *pipeline);

#endif
