/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The deadlock detector, internal part. It has no thread. Suspicion is raised where the last
 * activity may just have ended: the last awake worker falls asleep, or a thread begins to wait or
 * ends. The timer thread looks a grace time later. It looks twice, and counters of changes must not
 * have moved between the two looks. While timers are pending it looks again after the next one, so
 * it costs nothing where nothing happens.
 *
 * Threads that are not workers are counted (runtime/engine/threads.h): those that have called
 * Filch, and those of them that wait. A thread's wait ends when another thread tells it, not when
 * it runs again, so a thread that was told and has no processor yet counts as awake. A waiter
 * without a deadline adds one, and its teller takes one away. A wait with a deadline counts as
 * none: the thread adds its one afterwards, if it was told. If threads wait and no task does, that
 * is a deadlock for the same reasons, but only if there are no strangers: programs that call Filch
 * from threads of other libraries wait for those.
 *
 * Memory shortage is also reported while timers are pending and threads run: if all workers of a
 * runtime sleep without a fiber (runtime/engine/starvation.h) below max_fibers, and tasks wait, no
 * timer gives them memory. A timer may wake a fiber, though, whose end lets one of them begin; so
 * this is no deadlock, and it never ends the process. Unlike memory, max_fibers is a limit of the
 * user's choice, which holds tasks back for a while in programs that work as they should.
 *
 * All of it is off the hot paths: it costs a load where the last worker falls asleep, and additions
 * where a thread blocks. */
#ifndef FL_DEADLOCK_H
#define FL_DEADLOCK_H

#include <filch/stats.h>
#include <runtime/engine/runtime.h>
#include <runtime/engine/settings.h>
#include <runtime/engine/worker.h>

/* The slow half of fl_suspect: starts a look, a grace time later. */
void fl_detector_suspect(void);
/* The runtime is in use; it is about to be freed. */
void fl_detector_enlist(fl_runtime *rt);
void fl_detector_strike_off(fl_runtime *rt);
/* Sends a line without its end to the callback, or by the reaction `does`; ends no process. */
void fl_detector_tell(const char *line, enum fl_deadlock does);
/* In a child of fork(): there is one thread and no runtime. */
void fl_detector_forget(void);

/* ---- Standstill ---- */

/* Standstill at the cap on fibers: all fibers of a runtime wait, max_fibers allows no other, and
 * tasks wait to begin. That is no deadlock while a timer or a thread may wake one of the fibers, but
 * the program seems to hang. So a worker that starves (runtime/engine/starvation.h) looks at each
 * long nap. A runtime in which no task has run for a second
 * is reported, as FILCH_DEADLOCK says (<filch/stats.h>), and again after two seconds, four, and
 * so on. It never ends the process. */

/* A worker of rt starves, and has found nothing. */
void fl_standstill_look(fl_runtime *rt);

#endif
