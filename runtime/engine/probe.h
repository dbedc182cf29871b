/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Probes for tracers of the system: one of the provider `filch` for each kind of event, at the same points
 * (runtime/engine/event.h). Those of level tasks fire only while a trace has that level, or work and span are
 * measured. A probe is a nop, and a note in the binary that says where its arguments are (SystemTap's
 * sys/sdt.h, "User-space static probes"); a tracer replaces the nop by a trap. Without that header there are none.
 *
 * Arguments: a and b of the event (runtime/trace/format.h), names as addresses of text, and the worker's
 * index; FL_PROBE_OUTSIDE: another thread. */
#ifndef FL_PROBE_H
#define FL_PROBE_H

#include <filch/base.h>
#include <runtime/trace/format.h>

#include <stdint.h>

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
#endif
