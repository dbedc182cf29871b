/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Hand-overs in a trace of level tasks: a lock, a permit or an item of a channel goes from one task to another. So
 * the work behind it comes after the work before it, also where nobody had to wait (tools/trace/handovers.h).
 *
 * Without such a trace in the process, each of these calls is the load of a word that seldom changes, and a branch.
 * A caller that gives records before it gives, and one that takes after it has taken. So in time the two events have the
 * order of the hand-over.
 *
 * Threads: any; those that are not workers of a traced runtime record nothing. */
#ifndef FL_HANDOVER_H
#define FL_HANDOVER_H

#include <filch/atomic.h>
#include <filch/base.h>

#include <stdbool.h>
#include <stdint.h>

/* Runtimes with a trace of level tasks. */
extern filch_u32 fl_handovers_traced;

FILCH_COLD void fl_handover_put_given(const void *object, int64_t count);
FILCH_COLD void fl_handover_put_taken(const void *object, int64_t count);
/* Before some are taken: so many are free. Counts if the trace has not shown the object before: no task gave these. */
FILCH_COLD void fl_handover_put_free(const void *object, int64_t count);

static inline bool fl_handovers(void)
{
    return FILCH_UNLIKELY(filch_u32_load(&fl_handovers_traced, FILCH_RELAXED)); /* a look */
}

/* Before so many are given. */
static inline void fl_given(const void *object, int64_t count)
{
    if (fl_handovers())
        fl_handover_put_given(object, count);
}

/* After so many were taken. */
static inline void fl_taken(const void *object, int64_t count)
{
    if (fl_handovers())
        fl_handover_put_taken(object, count);
}

#endif
