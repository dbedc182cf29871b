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

/* 0, -ENOMEM, -E2BIG: more tasks than `most`. */
int walk(const generator *g, uint64_t most, extent *out);

#endif
