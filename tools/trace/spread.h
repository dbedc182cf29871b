/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The distribution of durations, in constant memory: buckets that grow with the value, 16 for each
 * doubling, so a percentile is at most 6 % too large (G. Tene, HdrHistogram, has the idea). */
#ifndef TRACE_SPREAD_H
#define TRACE_SPREAD_H

#include <stdint.h>

enum { SPREAD_PARTS = 16, SPREAD_BUCKETS = 61 * SPREAD_PARTS };

/* Zero bytes: empty. */
typedef struct spread {
    uint64_t count;
    int64_t sum, most; /* ns */
    uint32_t bucket[SPREAD_BUCKETS];
} spread;

/* ns below 0 count as 0. */
void spread_add(spread *s, int64_t ns);
/* The smallest value that at least this part of them, 0 .. 1, does not exceed; 0: there are none. */
int64_t spread_at(const spread *s, double part);

#endif
