/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The time of each worker as a row of parts, one after another: searching, sleeping, or working on a task.
 * A part ends where the worker turns to something else. */
#ifndef TRACE_LANES_H
#define TRACE_LANES_H

#include "fibers.h"
#include "read.h"

#include <sched/times.h>

typedef struct lane_part {
    uint32_t worker;
    int64_t from, to; /* ns; to > from */
    enum fl_doing doing;
    uint32_t fiber, name; /* while working: 0: not known */
} lane_part;

typedef void lane_fn(void *arg, const lane_part *part);

typedef struct lanes {
    lane_part *open; /* of each worker; to: 0; from -1: nothing is known yet */
    uint32_t workers;
    fibers fibers;
    lane_fn *each;
    void *arg;
} lanes;

/* false: no memory. */
bool lanes_begin(lanes *all, uint32_t workers, lane_fn *each, void *arg);
/* Each event of the trace, in order. Calls `each` for a part that ends. */
void lanes_event(lanes *all, const trace_event *e);
/* Ends the open parts at that time. false: memory was short, and parts are missing. */
bool lanes_end(lanes *all, int64_t ns);

#endif
