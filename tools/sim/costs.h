/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Costs of the simulated machine: nanoseconds by name. Each has a built-in value with its source;
 * a file of lines "NAME NUMBER" replaces some of them ("#" begins a comment). Times are kept as
 * picoseconds, so that a fork of half a nanosecond is one. */
#ifndef SIM_COSTS_H
#define SIM_COSTS_H

#include "machine.h"

#include <stdint.h>
#include <stdio.h>

typedef int64_t picoseconds;
enum { PICOSECONDS = 1000 /* in a nanosecond */ };

/* In the order of the table in costs.c, which says what each is. */
enum cost {
    COST_FORK,
    COST_JOIN,
    COST_LOOK,
    COST_LOOK_READY,
    COST_ASK,
    COST_ANSWER,
    COST_REPLY,
    COST_START,
    COST_PART,
    COST_ROB,
    COST_FENCED,
    COST_TAKE,
    COST_LOCK,
    COST_SWITCH,
    COST_WAKE,
    COST_WAKE_UP,
    TIME_PATIENCE,
    TIME_SILENT,
    TIME_JOIN,
    TIME_BUSY,
    TIME_LOOK_AGAIN,
    TIME_AWAKE,
    COST_TIER_CORE,
    COST_TIER_CACHE,
    COST_TIER_NODE,
    COST_TIER_FAR,
    COSTS
};

typedef struct costs {
    picoseconds of[COSTS]; /* factors of tiers: thousandths */
} costs;

void costs_default(costs *c);
/* Sets one: 0, or -EINVAL with the reason in `error`. */
int costs_set(costs *c, const char *name, const char *value, char *error, size_t size);
/* Reads a file: 0 or -errno, with file and line in `error`. A cost that stands there twice is refused. */
int costs_read(costs *c, const char *path, char *error, size_t size);
/* The same from an open file; its name is for errors. */
int costs_parse(costs *c, FILE *file, const char *name, char *error, size_t size);
/* Writes a file that costs_read reads, with the meaning and the source of each row. sources: of the
 * rows, where an entry is not NULL; sources NULL: those of the built-in values. */
void costs_write(const costs *c, const char *const *sources, FILE *out);

/* A cost between two workers. */
static inline picoseconds costs_across(const costs *c, enum cost cost, unsigned tier)
{
    return c->of[cost] * c->of[COST_TIER_CORE + tier] / 1000;
}

#endif
