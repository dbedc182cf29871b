/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The forks and joins of each task of a traced run, in the order of the task, with the time that it
 * ran before each. dag_build (tools/trace/dag.h) notes them for a reader that runs the tasks again.
 *
 * That reader knows forks and joins only. So a run is refused if its tasks wait for other things,
 * start further tasks, or panic, and if threads outside call in at the same time. (An overlap of a
 * tenth of a call is none: a thread may call again before the end of its last call is recorded.) */
#ifndef TRACE_OPS_H
#define TRACE_OPS_H

#include "frames.h"

enum trace_op_kind { TRACE_OP_FORK, TRACE_OP_JOIN, TRACE_OP_END };

typedef struct trace_op {
    int64_t ns;           /* that the task ran since its last one */
    uint32_t task, other; /* numbers from 1 on; other: the forked or joined task */
    enum trace_op_kind kind;
} trace_op;

/* A call from outside. */
typedef struct trace_root {
    uint32_t task;
    int64_t began, ended; /* ns */
} trace_root;

typedef struct trace_ops {
    trace_op *list; /* each task's own are in its order */
    size_t count, room;
    uint32_t tasks; /* the largest number */
    trace_root *root;
    size_t roots, root_room;
    const char *refusal; /* NULL: the run can be repeated */
    bool is_short;       /* of memory */
} trace_ops;

/* Each of these does nothing if `ops` is NULL. */

/* A number for a task that is forked. */
uint32_t ops_number(trace_ops *ops);
void ops_note(trace_ops *ops, frame *by, enum trace_op_kind kind, uint32_t other);
/* A task that a thread outside has started begins; returns its number. */
uint32_t ops_root(trace_ops *ops, int64_t ns);
void ops_root_end(trace_ops *ops, uint32_t task, int64_t ns);
/* The first reason stays. */
void ops_refuse(trace_ops *ops, const char *why);
void ops_free(trace_ops *ops);

#endif
