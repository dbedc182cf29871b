/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * No trace of hand-overs in the model checker. */
#ifndef FL_HANDOVER_H
#define FL_HANDOVER_H

#include <stdbool.h>
#include <stdint.h>

static inline bool fl_handovers(void)
{
    return false;
}

static inline void fl_given(const void *object, int64_t count)
{
    (void)object, (void)count;
}

static inline void fl_taken(const void *object, int64_t count)
{
    (void)object, (void)count;
}

static inline void fl_handover_put_free(const void *object, int64_t count)
{
    (void)object, (void)count;
}

#endif
