/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The strands of a traced run, and what each had to come after. From a trace of level tasks.
 *
 * A strand is a part of a task that has no fork, join or wait in it. It comes after the strand before it in
 * its task. The first one of a forked task comes after its fork. The one behind a join also comes after the last
 * one of the joined task, and the one behind a wait after the strand that ended the wait. The one that takes a lock, permits
 * or an item comes after the one that gave them (tools/trace/handovers.h). This is the
 * computation dag of R. D. Blumofe and C. E. Leiserson ("Scheduling multithreaded computations by work
 * stealing", 1999, section 2), and it does not depend on the scheduler: a task that was joined where it was
 * forked counts as parallel to what followed its fork.
 *
 * A part of a task to which the user gave a name (filch_trace_span_begin) has its strands at a site of its own.
 *
 * The time of threads outside belongs to no strand. A task that they start comes after those of theirs that had
 * ended by then. A wait that a timer, a file or a thread ended has no strand that ended it. */
#ifndef TRACE_DAG_H
#define TRACE_DAG_H

#include "read.h"
#include "spread.h"

/* `before` and `also` are smaller than the strand's own number. */
typedef struct dag_strand {
    int64_t ns;
    uint32_t before, also; /* numbers; 0: none */
    uint32_t site;
} dag_strand;

/* Tasks of one name, or parts of that name, that tasks of one name have forked, started or entered. */
typedef struct dag_site {
    uint32_t by, name; /* names; by 0: a thread outside */
    uint64_t count;
} dag_site;

typedef struct dag {
    dag_strand *strand; /* 1 .. strands; a strand's number is its place */
    uint32_t strands;
    dag_site *site;
    uint32_t sites;
    uint64_t tasks, taken; /* forked and begun; those of them that did not run in their joins */
    spread back;           /* ns from the end of a taken task to its waiting joiner */
    int64_t began, ended;  /* ns, of the first task and the last */
    uint64_t preempted; /* times that the system took a worker's CPU away: strands are too long */
    uint64_t handovers; /* of locks, permits and items, from strand to strand */
    uint64_t ended_outside; /* waits */
    int64_t outside_ns;     /* their time */
} dag;

struct trace_ops;

/* -EINVAL: *why says why there is none; -ENOMEM. */
int dag_build(dag *out, trace_file *trace, const char **why);
/* The same, and notes the forks and joins of each task (tools/trace/ops.h). */
int dag_build_noted(dag *out, struct trace_ops *ops, trace_file *trace, const char **why);
void dag_free(dag *d);

#endif
