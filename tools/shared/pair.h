/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * One column against another, as a verdict and as a sentence. Pure functions.
 *
 * A difference is named only if all of this holds: PAIR_ROUNDS rounds or more, an interval that
 * excludes 1 and reaches beyond 3 %, and a p of at most the cutoff. The cutoff takes into account
 * how many pairs are judged at once: of the differences that are named, at most 2 % are expected to
 * be chance (Y. Benjamini and Y. Hochberg: Controlling the false discovery rate, 1995). */
#ifndef SHARED_PAIR_H
#define SHARED_PAIR_H

#include "statistics.h"

#include <stdio.h>

enum { PAIR_ROUNDS = 8 };

typedef struct pair_figures {
    estimate factor; /* the other's time over the first's */
    double p;        /* of the signed-rank test */
    size_t rounds;
} pair_figures;

typedef enum pair_verdict {
    PAIR_FASTER, /* the first is faster */
    PAIR_SLOWER,
    PAIR_EQUAL,     /* the interval lies within 3 % of 1 */
    PAIR_UNDECIDED, /* no significant difference */
    PAIR_FEW,       /* fewer than PAIR_ROUNDS rounds */
    PAIR_VERDICTS
} pair_verdict;

/* "faster", "slower", "equal", "undecided", "too few rounds": for files. */
extern const char *const pair_verdict_names[PAIR_VERDICTS];

/* The largest p that counts as a difference, of `count` pairs that are judged together; sorts them. */
double pair_cutoff(double *p, size_t count);

pair_verdict pair_judge(const pair_figures *f, double cutoff);

/* "A vs B: 47x faster (95 % CI 45.1-48.9, p = 0.001)". */
void pair_write(const char *first, const char *other, const pair_figures *f, double cutoff,
                FILE *out);

/* "= 0.003" or "< 0.0001". Returns text. */
const char *p_text(double p, char *text, size_t size);

#endif
