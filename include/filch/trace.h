/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Traces of a run, and decision points. A trace is a record with a timestamp for each steal,
 * switch, wait, sleep and job of each worker; `filch trace FILE` shows one. Decision points are
 * where `filch explore` changes the schedule, to find one in which the program fails. For engineers
 * whose program does not scale or fails once a week, for researchers, and for teachers
 * (docs/observe.md, docs/explore.md). The traces of requests that pass through services are in
 * <filch/traceparent.h>.
 *
 *   FILCH_TRACE=run.trace ./program            the whole run, without changing the program
 *
 *   filch_trace_start(rt, "run.trace", NULL);  or a part of it
 *   ...
 *   filch_trace_stop(rt);
 *
 *   while (!atomic_load(&ready))
 *       filch_explore_point();                 another virtual worker may set it
 *
 * Threads: tasks and any thread; filch_explore_point: tasks, and the thread that created the first
 * runtime. Suspends: no.
 * Errors: 0 or a negative errno.
 * Since 0.1.0. */
#ifndef FILCH_TRACE_H
#define FILCH_TRACE_H
#include <filch/detail/hide_words.h>

#include <filch/base.h>
#include <filch/runtime.h>
#include <stddef.h>

/* ---- Traces ---- */

/* The file is mapped memory: if the process is killed, it has all events up to that moment. When
 * the limit is reached, or the disk is full, recording stops, the program continues, and the file
 * says so.
 *
 * Options, separated by commas; NULL or "": none.
 *   steals          (default) steals, switches, parks, wake-ups, jobs and waits: only where the
 *                   slow path is taken anyway
 *   tasks           each fork, run and join as well. Only for a runtime whose forks are out of
 *                   line: it was created with this option, or has a queue other than chase-lev
 *   limit=SIZE      bytes of the file, at least 1M; a suffix K, M or G is allowed; default 1G
 *   full=stop       (default) at the limit recording stops; the lost events are counted
 *   full=overwrite  at the limit the oldest events are overwritten */

FILCH_BEGIN_DECLS

/* Begins to record, with the options above, the runtime's workers into a new file; %p in its name
 * is the process ID. An older trace or an empty file of that name is replaced, never written to. rt
 * NULL: the calling task's runtime.
 * Errors: -EINVAL (an unknown option; `tasks` with inline forks; rt is NULL outside a task);
 * -ENOMEM; -ECHILD; those of open and write. -EBUSY (the runtime has a trace: stop that first; or
 * another trace is being written into the file). -EEXIST (the file exists and is not a trace:
 * choose another name). */
FILCH_API int filch_trace_start(filch_runtime *rt, const char *file, const char *options);
/* Ends the trace and closes the file. Events that begin after this are not recorded. Errors:
 * -EINVAL (there is no trace, or rt is NULL outside a task); -ECHILD. */
FILCH_API int filch_trace_stop(filch_runtime *rt);

/* Records a moment of the calling task. name: copied when it is new. value: any number, shown with
 * it. Does nothing without a trace, or outside a task. */
FILCH_API void filch_trace_mark(const char *name, uint32_t value);
/* Begins a span of the calling task. The task may suspend in it, and begin further ones. name: as
 * for filch_trace_mark. */
FILCH_API void filch_trace_span_begin(const char *name);
/* Ends the innermost span that the calling task has begun. */
FILCH_API void filch_trace_span_end(void);

FILCH_END_DECLS

/* ---- Decision points ---- */

/* With FILCH_VIRTUAL=k in the environment, a runtime has k virtual workers: threads of which one
 * runs at a time. The seed FILCH_SEED decides at each decision point which one continues, so the
 * same seed gives the same interleaving. `filch explore` searches the seeds for one that fails.
 *
 * Forks, joins, locks and waits of Filch are decision points. A program adds its own where it reads
 * and writes shared memory without them, in particular in a loop that waits for a variable. A loop
 * that sees nothing new for 16 rounds lets another virtual worker continue.
 *
 * Memory accesses become decision points by themselves in a program that is compiled with
 * -fsanitize=thread and linked with libfilch-points instead of that sanitizer's library. */

FILCH_BEGIN_DECLS

/* A decision point: another virtual worker may run here. Does nothing without FILCH_VIRTUAL. */
FILCH_API void filch_explore_point(void);

/* Kinds of accesses, combined by |; 0: a plain read. */
enum { FILCH_EXPLORE_WRITES = 1, FILCH_EXPLORE_ATOMIC = 2 };

/* A decision point before an access to `size` bytes at `address`, for instrumented programs.
 * place: the address of the instruction, for reports. */
FILCH_API void fl_explore_access(const void *address, size_t size, unsigned kind,
                                 const void *place);

FILCH_END_DECLS

#include <filch/detail/show_words.h>
#endif
