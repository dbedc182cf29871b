/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Reports of waiting tasks while workers run. A suspended fiber's task, place and call are plain words, and
 * their texts may belong to objects that the task frees later. Here is the race:
 *   1. Report R sees that fiber F is suspended, and begins to read the name of its task.
 *   2. Another task resumes F, which ends; its worker runs another task on it and writes its words.
 *   3. R reads a mixture of two tasks, or a text that is freed.
 *
 * So a fiber that goes on lets a report end first. A report says that it reads, fences, and then
 * looks whether F is suspended. F says that it is no longer suspended, fences, and then looks
 * whether a report reads: if so, it waits for the report's lock before it changes anything. Either
 * R sees that F has gone on, and leaves it out, or F sees R. F's fence is the one that a switch has
 * anyway (SwitchFiber).
 *
 *   FiberArrives, a fiber arrives: store suspended  |  BeginReport, a report: store reading 1,
 *      0, relaxed; seq_cst fence; load reading,        relaxed; seq_cst fence; load suspended,
 *      acquire                                         acquire (ReadSuspended); one of the two
 *                                                      sees the other
 *   EndReport, the report ends: store reading 0,    -> FiberArrives: its reads are over
 *      release
 *
 * A fiber that does wait pays for the whole list: a report copies, and calls nobody. Model:
 * tests/model/waits.c. */
#ifndef FL_WAITING_LIST_H
#define FL_WAITING_LIST_H

#include <runtime/engine/fiber.h>
#include <runtime/engine/runtime.h>
#include <runtime/engine/worker.h>

/* Sees a fiber that waits in `call`. Its words and those of its task stay as they are until the report ends,
 * except `suspended`. Must neither wait nor free memory. */
typedef void fl_waits_fn(const fl_fiber *fiber, const char *call, void *arg);
/* Calls see(fiber, call, arg) for each waiting fiber. Any thread. */
void fl_waits_each(fl_runtime *rt, fl_waits_fn *see, void *arg);
/* Returns when the report that reads has ended. */
FILCH_COLD void fl_waits_let_read(fl_runtime *rt);

/* After each suspension: the fiber is on a worker again. */
static inline void fl_fiber_goes_on(fl_fiber *fiber)
{
    fl_runtime *rt = fiber->worker->rt;
    if (FILCH_UNLIKELY(filch_u32_load(&rt->report.reading, FILCH_ACQUIRE))) /* FiberArrives */
        fl_waits_let_read(rt);
    fl_fiber_waits_in(fiber, NULL, NULL);
}

#endif
