/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Events of the engine, for traces and for tracers of the system. */
#ifndef FL_EVENTS_H
#define FL_EVENTS_H

#include <filch/base.h>
#include <runtime/engine/inbox.h>
#include <runtime/engine/observe/work_span.h>
#include <runtime/engine/run_work.h>
#include <runtime/engine/runtime.h>
#include <runtime/engine/worker.h>
#include <runtime/trace/format.h>

#include <stdint.h>

/* ---- Probes ---- */

/* Probes for tracers of the system: one of the provider `filch` for each kind of event, at the same points.
 * Those of level tasks fire only while a trace has that level, or work and span are
 * measured. A probe is a nop, and a note in the binary that says where its arguments are (SystemTap's
 * sys/sdt.h, "User-space static probes"); a tracer replaces the nop by a trap. Without that header there are none.
 *
 * Arguments: a and b of the event (runtime/trace/format.h), names as addresses of text, and the worker's
 * index; FL_PROBE_OUTSIDE: another thread. */

enum { FL_PROBE_OUTSIDE = -1 };

#ifdef FILCH_HAVE_SDT
#include <sys/sdt.h>

#define FL_PROBE_CASE(kind, name, first, second)                                                   \
    case FL_TRACE_##kind:                                                                          \
        STAP_PROBE3(filch, name, a, b, worker);                                                    \
        return;

/* kind: a constant, so that one probe remains. */
FILCH_INLINE void fl_probe(enum fl_trace_kind kind, uintptr_t a, uintptr_t b, int worker)
{
    switch (kind) {
        FL_TRACE_EVENTS(FL_PROBE_CASE)
    default:
        return;
    }
}

#undef FL_PROBE_CASE
#else

FILCH_INLINE void fl_probe(enum fl_trace_kind kind, uintptr_t a, uintptr_t b, int worker)
{
    (void)kind, (void)a, (void)b, (void)worker;
}

#endif

/* ---- Events ---- */

/* Events of workers, for a trace (runtime/trace/). Each is recorded where the slow path is taken
 * anyway. Without a trace an event costs the load of a pointer that never changes, and a branch. Each is
 * also a probe for tracers of the system, with or without a trace.
 *
 * Starting and stopping while workers run. A trace that is stopped is unmapped, and a worker may be in
 * the middle of an event. So a worker records within a read-side section of liburcu, and `stop` waits
 * for a grace period between taking the trace away and unmapping it. Threads that are not workers
 * record under a lock of the runtime's, which `stop` takes, too: liburcu needs memory for a thread's
 * first section, and dies if there is none.
 *
 *   ShowRing: store worker->trace, release          -> ReadRing, an event: load it, acquire; the
 *                                                      ring is seen
 *
 * Model: tests/model/trace.c. */

/* Out of line; only if a trace may be there. name: NULL, or one that lasts, whose number is b. */
FILCH_COLD void fl_event_put(fl_worker *worker, enum fl_trace_kind kind, uint32_t a, uint32_t b,
                             const char *name);
/* With the number of a text that may change afterwards as a. second: NULL, or another one, for b. */
FILCH_COLD void fl_event_put_text(fl_worker *worker, enum fl_trace_kind kind, const char *first,
                                  const char *second, uint32_t b);
FILCH_COLD void fl_event_put_outside(fl_runtime *rt, enum fl_trace_kind kind, uint32_t a,
                                     uint32_t b);

struct fl_tracing;
/* Makes it the trace of all workers. One caller at a time, of this and the next. */
void fl_event_publish(fl_runtime *rt, struct fl_tracing *tracing);
/* Takes it away, and waits until nobody is in the middle of an event. */
void fl_event_withdraw(fl_runtime *rt);

/* In the pointer to a worker's trace: its level is tasks; and, also without a trace, work and span are measured
 * (runtime/engine/observe/work_span.h). */
#define FL_TRACED_TASKS ((uintptr_t)1)
#define FL_TRACED_SPAN ((uintptr_t)2)

/* Is there a trace? Relaxed: an event more or less, at its beginning or end. */
static inline bool fl_traced(const fl_worker *worker)
{
    return FILCH_UNLIKELY(filch_ptr_load(&worker->trace, FILCH_RELAXED) != NULL); /* a look */
}

/* Is there one that records that task? The library's own (runtime/engine/run_work.h), which only hand others on,
 * are in none. */
static inline bool fl_traced_task(const fl_worker *worker, const filch_task *task)
{
    uintptr_t trace = (uintptr_t)filch_ptr_load(&worker->trace, FILCH_RELAXED); /* a look */
    return FILCH_UNLIKELY(trace & (FL_TRACED_TASKS | FL_TRACED_SPAN)) && task != fl_own_task;
}

/* Its worker only. In these calls the kind is a constant. */
FILCH_INLINE void fl_event(fl_worker *worker, enum fl_trace_kind kind, uint32_t a, uint32_t b)
{
    fl_probe(kind, a, b, (int)worker->index);
    if (fl_traced(worker))
        fl_event_put(worker, kind, a, b, NULL);
}

/* With the number of a name that lasts as b. */
FILCH_INLINE void fl_event_named(fl_worker *worker, enum fl_trace_kind kind, uint32_t a,
                                 const char *name)
{
    fl_probe(kind, a, (uintptr_t)name, (int)worker->index);
    if (fl_traced(worker))
        fl_event_put(worker, kind, a, 0, name);
}

/* The name of a forked task, from its fork to its join. */
static inline uint32_t fl_event_slot(const filch_slot *slot)
{
    return (uint32_t)((uintptr_t)slot / sizeof *slot);
}

/* Of a forked task, with its name or with b. Measured here, since out of line that would cost as much again. */
FILCH_INLINE void fl_event_forked(fl_worker *worker, enum fl_trace_kind kind,
                                  const filch_slot *slot, uint32_t b, const char *name)
{
    uintptr_t trace = (uintptr_t)filch_ptr_load(&worker->trace, FILCH_RELAXED); /* a look */
    fl_probe(kind, fl_event_slot(slot), name ? (uintptr_t)name : b, (int)worker->index);
    if (trace & FL_TRACED_SPAN)
        fl_work_span_task(worker, kind, fl_event_slot(slot), b);
    if (trace & FL_TRACED_TASKS)
        fl_event_put(worker, kind, fl_event_slot(slot), b, name);
}

FILCH_INLINE void fl_event_task(fl_worker *worker, enum fl_trace_kind kind, const filch_slot *slot,
                                const filch_task *task)
{
    if (fl_traced_task(worker, task))
        fl_event_forked(worker, kind, slot, 0, task->name);
}

FILCH_INLINE void fl_event_task_ends(fl_worker *worker, enum fl_trace_kind kind,
                                     const filch_slot *slot, const filch_task *task, uint32_t b)
{
    if (fl_traced_task(worker, task))
        fl_event_forked(worker, kind, slot, b, NULL);
}

/* With the number of a text that may change afterwards as a. second: NULL, or another one, for b. */
FILCH_INLINE void fl_event_text(fl_worker *worker, enum fl_trace_kind kind, const char *first,
                                const char *second, uint32_t b)
{
    fl_probe(kind, (uintptr_t)first, second ? (uintptr_t)second : b, (int)worker->index);
    if (fl_traced(worker))
        fl_event_put_text(worker, kind, first, second, b);
}

/* Of this runtime, by any thread. here: the calling worker, of any runtime; or NULL. */
FILCH_INLINE void fl_event_by(fl_runtime *rt, fl_worker *here, enum fl_trace_kind kind, uint32_t a)
{
    if (here && here->rt == rt) {
        fl_event(here, kind, a, 0);
        return;
    }
    fl_probe(kind, a, 0, FL_PROBE_OUTSIDE);
    if (FILCH_UNLIKELY(filch_ptr_load(&rt->tracing, FILCH_RELAXED) != NULL)) /* a look */
        fl_event_put_outside(rt, kind, a, 0);
}

/* The name of a work item, from its start to its end. */
static inline uint32_t fl_event_item(const fl_work_item *work_item)
{
    return (uint32_t)((uintptr_t)work_item >> 4);
}

#endif
