/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Generators: task graphs that unfold while they run. A task is a number of phases, one after the
 * other; each computes, forks children, runs one more of them in place if the phase says so, and
 * joins all forked ones, the newest first. A node holds all there is to know of a task that has
 * not begun, so a task's children are made when it runs, and memory is that of live tasks.
 *
 * A generator is one row in shapes.c: its parameters with their ranges, the root, the phases of
 * a node, and the children of a node. The same text makes the same graph everywhere. */
#ifndef SIM_GENERATE_H
#define SIM_GENERATE_H

#include "costs.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

typedef struct node {
    uint64_t state; /* a hash, or a size: the generator's own */
    uint32_t depth; /* of the root: 0 */
} node;

typedef struct phase {
    picoseconds before; /* computed before its first fork */
    uint32_t children;  /* forked, in this order; then */
    bool calls;         /* one more child, whose number is `children`, runs in place */
} phase;

enum { GENERATOR_PARAMETERS = 6, GENERATOR_TEXT = 256 };
enum { GENERATOR_TASKS = 2000000000 }; /* the most in a simulated graph */

typedef struct parameter {
    const char *name, *what;
    double value, least, most; /* value: without it in the text */
    bool is_whole;
} parameter;

struct generator;
typedef struct shape {
    const char *name, *what;
    parameter parameters[GENERATOR_PARAMETERS]; /* ended by a name that is NULL, if shorter */
    /* Prepares what `derived` holds. NULL: nothing. An error is a reason; NULL: none. */
    const char *(*prepare)(struct generator *g);
    void (*root)(const struct generator *g, node *root);
    /* The phase with that number; false: the task has ended before it. */
    bool (*phase)(const struct generator *g, const node *parent, uint32_t number, phase *out);
    void (*child)(const struct generator *g, const node *parent, uint32_t phase, uint32_t number,
                  node *child);
    /* The children of the root arrive while the simulation runs: the time before the arrival of
     * that number, at any of so many workers. NULL: the root is a task that forks them. */
    picoseconds (*apart)(const struct generator *g, uint64_t number, unsigned workers);
    /* The time that the parent computes before a further fork of that phase. NULL: nothing. */
    picoseconds (*gap)(const struct generator *g, const node *parent, uint32_t phase,
                       uint32_t number);
} shape;

typedef struct generator {
    const shape *shape;
    double value[GENERATOR_PARAMETERS];
    double derived;
    const void *data; /* of a shape that is not in `shapes` */
} generator;

/* Before the fork of a child of that phase; 0 before the first, which `before` covers. */
static inline picoseconds generator_gap(const generator *g, const node *parent, uint32_t of,
                                        uint32_t number)
{
    return g->shape->gap && number ? g->shape->gap(g, parent, of, number) : 0;
}

/* All, ended by NULL. */
extern const shape *const shapes[];

/* Does the text begin with the name of a generator? */
bool generator_is_named(const char *text);
/* "NAME" or "NAME:KEY=VALUE,...": 0, or -EINVAL with the reason in `error`. */
int generator_read(generator *g, const char *text, char *error, size_t size);
/* All shapes with their parameters, for people. */
void generator_list(FILE *out);

#endif
