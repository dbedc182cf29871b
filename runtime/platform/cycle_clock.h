/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A clock for measuring: the time-stamp counter where all processors count alike, else the monotonic clock. */
#ifndef FL_CYCLE_CLOCK_H
#define FL_CYCLE_CLOCK_H

#include <runtime/platform/clock.h>
#include <runtime/platform/virtual/virtual.h>

#include <stdbool.h>
#include <stdint.h>

/* May the time-stamp counter be used? Reads a file: ask once. */
bool fl_ticks_are_steady(void);

/* In ticks of a rate of their own, or in ns. Does not move a virtual clock, so that a run is the same if it is
 * measured. */
static inline uint64_t fl_steady_now(bool in_ticks)
{
    if (fl_virtual())
        return (uint64_t)fl_virtual_clock();
    return in_ticks ? fl_ticks() : (uint64_t)fl_now();
}

#endif
