/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Gaps between events that come independently of each other, so many a second on average: a Poisson
 * process. Pure; one stream per state, and each seed gives another. */
#ifndef TUNE_ARRIVALS_H
#define TUNE_ARRIVALS_H

#include <math.h>
#include <stdint.h>

typedef struct arrivals {
    uint64_t state;
    double rate; /* a second */
} arrivals;

/* Nanoseconds until the next one. Random numbers: SplitMix64. */
static inline double arrivals_gap(arrivals *a)
{
    uint64_t z = a->state += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    double uniform = ((double)((z ^ z >> 31) >> 11) + 0.5) * 0x1p-53; /* 0 < uniform < 1 */
    return -log(uniform) * 1e9 / a->rate;
}

#endif
