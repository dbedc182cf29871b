/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * One against another, as a sentence. */
#ifndef SHARED_PAIR_H
#define SHARED_PAIR_H

#include "statistics.h"

#include <stdio.h>

/* What is known of one's time over another's: its interval excludes 1, and chance alone does that at most once in twenty
 * times; only the former, since rounds are few or scatter; it lies within 3 % of 1; nothing. */
typedef enum pair_verdict { PAIR_BEATS, PAIR_LEADS, PAIR_EQUALS, PAIR_UNDECIDED } pair_verdict;
pair_verdict pair_judge(estimate factor, double p);

/* "beats", "leads", "equals", "cannot be told from". */
const char *pair_verb(pair_verdict verdict);

/* "A beats B: 47.0x (45.1 .. 48.9), p = 0.001". The factor is the other's time over the first's; of two that differ
 * the faster one comes first. */
void pair_write(const char *first, const char *other, estimate factor, double p, FILE *out);

/* "= 0.003" or "< 0.0001". Returns text. */
const char *p_text(double p, char *text, size_t size);

#endif
