/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A traced run as a graph: its tasks with their own times, forks and joins (tools/trace/ops.h).
 *
 * In a task, forks and joins are parentheses: a join is that of the newest fork. So a task is a row
 * of phases, as generate.h has them. A phase has the time before a fork, the forked child, and the
 * join. The row between fork and join is as a called child. Forks that follow one another, and whose
 * joins do, too, are one phase, so that thieves find a loop's tasks in one frame. Times between
 * forks stay there; times between the joins of one phase come behind its last join. */
#ifndef SIM_REPLAY_H
#define SIM_REPLAY_H

#include "generate.h"

typedef struct replay_child {
    uint32_t task;
    picoseconds gap; /* that the parent computes before this fork, unless it is the first */
} replay_child;

typedef struct replay_phase {
    picoseconds before;
    uint32_t first, children; /* a range of replay.child */
    uint32_t called;          /* a row; 0: none */
} replay_phase;

typedef struct replay_row {
    uint32_t first, phases;
} replay_row;

typedef struct replay {
    replay_phase *phase;
    replay_child *child;
    replay_row *row;  /* from 1 on */
    uint32_t *row_of; /* by task */
    uint32_t root;    /* a row */
    size_t phases, children, rows, phase_room, child_room, row_room;
    unsigned workers;     /* of the run */
    picoseconds makespan; /* of the run: the times of all calls from outside */
} replay;

/* Reads a trace of level tasks. 0, or -errno with the reason in `error`: no trace, a trace with
 * gaps or without tasks, tasks that do more than fork and join. */
int replay_read(replay *out, const char *path, char *error, size_t size);
void replay_free(replay *r);
/* The graph; `r` outlives it. */
void replay_graph(const replay *r, generator *out);

/* ---- replay_rows.c ---- */

struct trace_ops;
/* The rows of all tasks, and the root's: the calls from outside one after another. 0, -ENOMEM;
 * -EINVAL: forks and joins that are no parentheses. */
int replay_build(replay *out, const struct trace_ops *ops);

#endif
