/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Gaps between events that come independently of each other, so many a second on average: a Poisson
 * process. Pure; one stream per state, and each seed gives another. */
#ifndef TUNE_ARRIVALS_H
#define TUNE_ARRIVALS_H

#include <math.h>
#include <tools/shared/random.h>

typedef struct arrivals {
    uint64_t state;
    double rate; /* a second */
} arrivals;

/* Nanoseconds until the next one. */
static inline double arrivals_gap(arrivals *a)
{
    return -log(random_share(&a->state)) * 1e9 / a->rate;
}

#endif
