/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/engine/observe/handover.h>

#include <runtime/engine/events.h>
#include <runtime/engine/worker.h>
#include <runtime/platform/virtual/virtual.h>
#include <runtime/trace/format.h>

filch_u32 fl_handovers_traced;

/* Its address; of virtual workers, of which one runs at a time, the order in which objects came: so the same seed
 * gives the same trace wherever the heap lies. */
static uint32_t number_of(const void *object)
{
    enum { NUMBERS = 1024 };
    static const void *numbered[NUMBERS];
    unsigned i = 0;
    while (fl_virtual() && i < NUMBERS && numbered[i] && numbered[i] != object)
        i++;
    if (!fl_virtual() || i == NUMBERS)
        return (uint32_t)((uintptr_t)object >> 3);
    numbered[i] = object;
    return i + 1;
}

/* kind: a constant. */
FILCH_INLINE void put(enum fl_trace_kind kind, const void *object, int64_t count)
{
    fl_worker *here = fl_worker_here();
    if (here && count > 0)
        fl_event(here, kind, number_of(object), count < UINT32_MAX ? (uint32_t)count : UINT32_MAX);
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
