/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Progress on stderr: on a terminal one line that changes, elsewhere one line a minute. */
#ifndef BENCH_PROGRESS_H
#define BENCH_PROGRESS_H

#include <stdbool.h>
#include <stdio.h>

typedef struct progress {
    FILE *out;
    bool terminal;
    double start, last; /* seconds; last: when the last line was written */
    size_t block, blocks;
    double block_start, budget; /* of this block */
    int round, rounds;          /* of this block; round 0: warm-up */
} progress;

void progress_begin(progress *p, FILE *out, bool terminal, size_t blocks, double now);

/* The next block, for which there are `budget` seconds, 0: as many as its rounds take. */
void progress_block(progress *p, double budget, int rounds, double now);

/* Seconds that the rest will take if it goes on as it did; negative: too early to say. */
double progress_left(const progress *p, double now);

/* Before a measurement: writes a line where it is time for one. what: "fib(30), chase-lev". */
void progress_show(progress *p, const char *what, double now);

/* Clears the line. */
void progress_end(const progress *p);

#endif
