/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Time for the model checker: every wait is over when it is looked at, so that all that can happen
 * before and after a time limit is tried. */
#ifndef FL_CLOCK_H
#define FL_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

/* Ticks stand still, so what depends on them is the same in every run. */
#define FL_TICKS_PER_US UINT64_C(1)
static inline uint64_t fl_ticks(void)
{
    return 0;
}

int64_t fl_now(void);
int64_t fl_thread_cpu(void);

static inline int64_t fl_now_coarse(void)
{
    return fl_now();
}

static inline bool fl_is_past(int64_t when)
{
    return when <= fl_now();
}

#endif
