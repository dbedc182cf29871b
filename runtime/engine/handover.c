/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/engine/handover.h>

#include <runtime/engine/event.h>
#include <runtime/engine/worker.h>
#include <runtime/trace/format.h>

filch_u32 fl_handovers_traced;

/* kind: a constant. */
FILCH_INLINE void put(enum fl_trace_kind kind, const void *object, int64_t count)
{
    fl_worker *here = fl_worker_here();
    if (here && count > 0)
        fl_event(here, kind, (uint32_t)((uintptr_t)object >> 3),
                 count < UINT32_MAX ? (uint32_t)count : UINT32_MAX);
}

void fl_handover_put_given(const void *object, int64_t count)
{
    put(FL_TRACE_GIVEN, object, count);
}

void fl_handover_put_taken(const void *object, int64_t count)
{
    put(FL_TRACE_TAKEN, object, count);
}

void fl_handover_put_free(const void *object, int64_t count)
{
    put(FL_TRACE_FREE, object, count);
}
