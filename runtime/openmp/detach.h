/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Tasks with the clause detach, which end when an event is fulfilled. Such a task runs at once. Its event
 * is counted three times: for its parent's taskwait, for its taskgroup, and for the barriers of its team. Each
 * of these waits until its count is 0, and runs tasks meanwhile. Any thread may fulfil an event, once.
 *
 * Edges (LeaveVisit is one of runtime/engine/park.c):
 *   FulfilEvent: add -1 to a count, acq_rel         -> AwaitEvents, wait: load count, acquire;
 *                                                      it sees the time before the event */
#ifndef FL_OPENMP_DETACH_H
#define FL_OPENMP_DETACH_H

#include <runtime/openmp/depend.h>
#include <runtime/openmp/task.h>

/* A new event, for omp_fulfill_event. It counts from fl_omp_event_begin on: the calling task creates the child that
 * has it. node: of that child, or NULL: it has no dependences. */
void *fl_omp_event_new(void);
void fl_omp_event_begin(void *event, fl_omp_node *node);
/* Runs it, and stores its event at `detach` and in its data. depend: NULL, or gcc's array. */
void fl_omp_task_detached(const fl_omp_closure *closure, void **depend, void *detach, bool final);
/* Waits until the count is another one. Now and then it returns too early. The calling task has no unjoined children. */
void fl_omp_detach_wait(filch_u32 *count, uint32_t seen);
/* Waits until the count is 0; likewise. */
void fl_omp_detach_await(filch_u32 *count);
/* The same for children of the calling task. */
void fl_omp_detach_taskwait(fl_omp_task *task);
/* The calling task ends; its events may go on. */
void fl_omp_detach_end(fl_omp_task *task);

#endif
