/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Steps of random_regions.c: each is a parallel function of a seed and a serial function that must
 * return the same number. */
#ifndef FILCH_TESTS_OPENMP_RANDOM_REGIONS_H
#define FILCH_TESTS_OPENMP_RANDOM_REGIONS_H

#include <stdbool.h>
#include <stdint.h>

enum { MOST = 48, CELLS = 8 };

typedef uint64_t step_function(uint64_t seed, int depth);

typedef struct step {
    const char *name;
    step_function *parallel, *serial;
} step;

/* The tables end with an empty row. */
extern const step loop_steps[], team_steps[], task_steps[];

/* A hash of x: all random choices are hashes. */
uint64_t mix(uint64_t x);

/* The number of leaves of a step: 0 .. MOST - 1. */
uint64_t size(uint64_t seed);

/* The requested number of threads: often the default, sometimes 1 .. 4. */
int width(uint64_t seed);

/* The value of leaf i. It takes an unequal time, and some leaves run a nested step. */
uint64_t leaf(uint64_t seed, uint64_t i, int depth, bool parallel);

/* Serial computations of several steps: the sum of all leaves, a chain of hashes over them in order,
 * 0, and the random index that searches find, plus 1 (0: there is none). */
step_function sum, chain, zero, target;

#define PRAGMA(text) _Pragma(#text)
#define CHUNK (1 + (int)((seed >> 20) % 5))

#endif
