/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The parallel regions of an OpenMP program in its trace: how much of the threads' time was work, and how
 * much they waited for each other. All threads of a team take part in each region, so the n-th region of each
 * thread is the same one. A thread's part is a JOB without an item, and its waits at barriers are spans
 * (runtime/openmp/barrier.c). Tasks that it ran in a barrier are work. */
#ifndef TRACE_REGIONS_H
#define TRACE_REGIONS_H

#include "read.h"

typedef struct region_figures {
    uint32_t name;     /* the first number of that text */
    uint64_t calls;    /* regions that all threads have ended */
    uint64_t barriers; /* met by all threads */
    double time;       /* ns: from the first thread's begin to the last one's end */
    double room;       /* ns: time x threads, of which threads */
    double worked;     /* worked, */
    double
        at_barriers; /* and waited at barriers; the rest they waited for the region's begin or end */
    double longest, mean; /* ns: the work of the thread that worked most, and of all / threads */
} region_figures;

struct region_part;
struct region_open;

/* Zero bytes: empty. */
typedef struct region_list {
    region_figures *row;
    size_t count;
    struct region_part *part; /* of each worker, in its present region */
    struct region_open *open; /* regions that have not ended */
} region_list;

/* A worker's event. false: no memory. */
bool regions_add(region_list *regions, const trace_file *trace, const trace_event *e);
/* The longest sum of times first. */
void regions_put_in_order(region_list *regions);
void regions_free(region_list *regions);

#endif
