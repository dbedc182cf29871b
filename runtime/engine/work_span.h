/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Work and span while a program runs: FILCH_SPAN=1. The same events that a trace of level tasks records are added
 * up at once, in memory for each fork that is open. tools/trace/span.h has the definitions; a trace also tells
 * which call sites limit the span.
 *
 * Each task counts from its own beginning: its longest chain of strands so far. A joiner adds that of its child to
 * the chain that it had at the fork, and goes on with the longer one (the algorithm of Cilkview: Y. He,
 * C. E. Leiserson and W. M. Leiserson, 2010, section 3). So a thief needs nothing of the forker's. The chain of a
 * task that was taken is left in a table, under its lock, until its joiner asks for it.
 *
 * Not series-parallel, and so not in the span: a task that ends another's wait (they are counted), and the place of
 * tasks that were started (filch_go): they count as started by the thread outside.
 *
 * Threads: an event belongs to the fiber that its worker runs; nobody else touches its chain. */
#ifndef FL_WORK_SPAN_H
#define FL_WORK_SPAN_H

#include <filch/stats.h>
#include <runtime/engine/worker.h>
#include <runtime/trace/format.h>

#include <stdbool.h>
#include <stdint.h>

typedef struct fl_work_span fl_work_span;

/* in_ticks: times are those of fl_steady_now(true), else ns. NULL: no memory. */
fl_work_span *fl_work_span_create(bool in_ticks);
void fl_work_span_destroy(fl_work_span *all);
/* An event of the worker's fiber, at that time, with the numbers of the trace's event. */
void fl_work_span_at(fl_worker *worker, enum fl_trace_kind kind, uint32_t a, uint32_t b,
                     int64_t now);
/* The same now: of a forked task, whose kind is FL_TRACE_FORK or one behind it; and of any other kind. */
void fl_work_span_task(fl_worker *worker, enum fl_trace_kind kind, uint32_t slot, uint32_t b);
void fl_work_span_event(fl_worker *worker, enum fl_trace_kind kind, uint32_t a, uint32_t b);
/* Of all tasks that have ended. */
void fl_work_span_read(fl_work_span *all, filch_work_span *out);
/* Writes a line to stderr: the user has asked for it. */
void fl_work_span_print(fl_work_span *all);

#endif
