/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The figures of a run, from one pass over its trace: the time of workers, thefts by victim, and how
 * long ready tasks waited until they ran. Also the calls that tasks waited in, loops, and regions. */
#ifndef TRACE_ANALYSIS_H
#define TRACE_ANALYSIS_H

#include "loops.h"
#include "read.h"
#include "regions.h"
#include "spread.h"
#include "stacks.h"

#include <sched/times.h>

/* Of one worker. */
typedef struct worker_figures {
    int64_t spent[FL_DOINGS]; /* ns */
    uint64_t taken[3];        /* tasks and items: asked for, forced, from ready deques */
    uint64_t switches, waits, parks, preempted, moves; /* moves: to another CPU */
} worker_figures;

/* Between the moment when something became ready and the one when it ran. */
enum latency {
    LATENCY_FIBER_OWN,     /* a waiting task, made ready by the worker that went on with it */
    LATENCY_FIBER_OTHER,   /* by another worker */
    LATENCY_FIBER_OUTSIDE, /* by a thread outside */
    LATENCY_JOB_OWN,       /* a task that was started, by the worker that ran it */
    LATENCY_JOB_OTHER,
    LATENCY_JOB_OUTSIDE,
    LATENCY_WAKE, /* a worker, from the wake-up to its first search */
    LATENCIES
};
extern const char *const latency_names[LATENCIES];

/* Of all runs, or waits, of one name. */
typedef struct name_figures {
    uint32_t name; /* the first number of that text */
    spread length;
} name_figures;

typedef struct name_list {
    name_figures **row;
    size_t count;
} name_list;

typedef struct analysis {
    uint64_t events, by_kind[FL_TRACE_KINDS];
    worker_figures *worker;
    uint64_t *matrix; /* thief x workers + victim */
    spread latency[LATENCIES];
    name_list waits, runs; /* the largest sum first */
    loop_list loops;       /* the same */
    region_list regions;   /* the same */
    stacks stacks;         /* of the same waits */
} analysis;

/* From the first event on. false: no memory. The names are those of the trace. */
bool analyse(analysis *out, trace_file *trace);
void analysis_free(analysis *a);

#endif
