/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Ticks of a trace as ns. The recorder read both clocks at the beginning of each block. Between two
 * readings the rate is taken as constant; beyond the last one it is that of the whole trace. */
#ifndef TRACE_CLOCK_H
#define TRACE_CLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct trace_reading {
    uint64_t ticks;
    int64_t ns; /* both since the trace began */
} trace_reading;

typedef struct trace_clock {
    trace_reading *reading; /* ascending in both */
    size_t count, room;
    double rate; /* ns a tick, from the first to the last */
} trace_clock;

/* false: no memory. */
bool trace_clock_add(trace_clock *clock, uint64_t ticks, int64_t ns);
/* After the last reading. ticks_are_ns: no rate is needed. Returns the drift: the most that a reading is
 * off the straight line. */
int64_t trace_clock_ready(trace_clock *clock, bool ticks_are_ns);
/* *hint: where to look first; kept by the caller, from 0. */
int64_t trace_clock_ns(const trace_clock *clock, uint64_t ticks, size_t *hint);
void trace_clock_free(trace_clock *clock);

#endif
