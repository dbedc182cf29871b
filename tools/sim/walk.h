/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Work and span of a generator's graph, by walking all of it once. The span is that of a machine on
 * which nothing but the tasks' own time costs anything. */
#ifndef SIM_WALK_H
#define SIM_WALK_H

#include "generate.h"

typedef struct extent {
    uint64_t tasks, forks; /* forked ones; the others are called */
    picoseconds work, span;
    size_t depth; /* of frames */
} extent;

/* A phase, as it begins. Tasks are numbered depth first. */
typedef struct walked {
    uint64_t task, parent;
    uint32_t phase, of; /* of: the parent's phase */
    bool is_forked;     /* or called; the root: neither */
    picoseconds before; /* computed in the phase before its first fork */
    picoseconds gap;    /* computed by the parent before this task's fork */
} walked;
typedef void walk_seen(const walked *what, void *context);

/* 0, -ENOMEM, -E2BIG: more tasks than `most`. */
int walk(const generator *g, uint64_t most, extent *out);
/* The same, and shows each phase. */
int walk_seeing(const generator *g, uint64_t most, extent *out, walk_seen *seen, void *context);

#endif
