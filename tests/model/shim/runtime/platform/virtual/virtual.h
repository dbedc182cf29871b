/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * No virtual threads in the model checker, which chooses the schedule itself. */
#ifndef FL_VIRTUAL_H
#define FL_VIRTUAL_H

#include <stdbool.h>
#include <stdint.h>

typedef struct fl_virtual_options fl_virtual_options;

static inline bool fl_virtual(void)
{
    return false;
}

static inline int64_t fl_virtual_clock(void)
{
    return 0;
}

static inline void fl_point(void)
{
}

#endif
