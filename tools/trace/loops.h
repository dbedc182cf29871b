/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The parallel loops of a trace: for each site, how long its calls took, and would have taken on
 * one worker. A call is two events of one writer, one after the other (runtime/trace/format.h). */
#ifndef TRACE_LOOPS_H
#define TRACE_LOOPS_H

#include "read.h"

typedef struct loop_figures {
    uint32_t name;       /* the first number of that text */
    unsigned magnitude;  /* calls have 2^magnitude iterations, and less than twice as many */
    uint64_t calls;      /* with both events */
    uint64_t helped;     /* calls of which another worker did a part */
    double time, serial; /* ns: of all calls; and as long as they would have taken on one worker */
} loop_figures;

/* Zero bytes: empty. */
typedef struct loop_list {
    loop_figures *row;
    size_t count;
} loop_list;

/* The first event of a call is kept in open, which is the writer's, until the second comes. Other
 * events pass by. false: no memory. */
bool loops_add(loop_list *loops, const trace_file *trace, trace_event *open, const trace_event *e);
/* The longest sum of times first. */
void loops_put_in_order(loop_list *loops);
void loops_free(loop_list *loops);

#endif
