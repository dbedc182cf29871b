/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Work and span of a traced run (tools/trace/dag.h): the time of all strands; the longest chain of strands that
 * come after one another, which no number of workers can shorten; their quotient, the parallelism. The burdened
 * span counts a cost for each task that may be taken, and for each wait that a task ends, as in Y. He,
 * C. E. Leiserson and W. M. Leiserson, "The Cilkview scalability analyzer", 2010. */
#ifndef TRACE_SPAN_H
#define TRACE_SPAN_H

#include "dag.h"

/* Of the tasks of one site, with the strands of the longest chain. */
typedef struct span_site {
    uint32_t site;         /* of the dag */
    int64_t work, on_span; /* ns */
    uint64_t strands_on_span;
} span_site;

typedef struct span_figures {
    int64_t work, span, burdened; /* ns; burdened: the span with it */
    int64_t burden;               /* ns, of one task */
    span_site *site;              /* of each site of the dag, the most of the span first */
} span_figures;

/* burden: ns. false: no memory. */
bool span_measure(span_figures *out, const dag *d, int64_t burden);
void span_free(span_figures *f);

typedef struct span_if {
    int64_t work, span; /* ns */
} span_if;

/* If the strands of tasks of that name took no time. false: no memory. */
bool span_without(span_if *out, const dag *d, uint32_t name);

/* The most that `workers` can reach over one: no scheduler can do better (R. P. Brent, 1974). */
double span_most(int64_t work, int64_t span, unsigned workers);
/* The least that a greedy scheduler reaches, if taking a task costs the burden: R. L. Graham, 1969. */
double span_least(int64_t work, int64_t burdened, unsigned workers);

#endif
