/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * One against another, as a sentence. */
#ifndef SHARED_PAIR_H
#define SHARED_PAIR_H

#include "statistics.h"

#include <stdio.h>

/* "A beats B: 47.0x (45.1 .. 48.9), p = 0.001"; "A equals B: ..." where the interval holds 1. The
 * factor is the other's time over the first's. */
void pair_write(const char *first, const char *other, estimate factor, double p, FILE *out);

/* "= 0.003" or "< 0.0001". Returns text. */
const char *p_text(double p, char *text, size_t size);

#endif
