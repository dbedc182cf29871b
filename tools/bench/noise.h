/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Causes that disturb a measurement. Disturbed figures are shown, and marked. Pure functions. */
#ifndef BENCH_NOISE_H
#define BENCH_NOISE_H

#include "bench.h"

typedef struct noise_kind {
    const char *name; /* in the result file */
    const char *what; /* a sentence */
    const char *remedy;
    bool (*is_there)(const report *r, const cell *c);
} noise_kind;
extern const noise_kind noise_kinds[];
enum { NOISE_KINDS = 6 };

/* A bit for each kind, of a cell that has samples. */
unsigned noise_of(const report *r, const cell *c);

#endif
