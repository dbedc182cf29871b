/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The few statistics a benchmark needs. Pure functions; any thread. Deterministic: the same samples
 * give the same interval, so that a report can be made again from its samples. */
#ifndef SHARED_STATISTICS_H
#define SHARED_STATISTICS_H

#include <stdbool.h>
#include <stddef.h>

/* A median and the interval in which it lies with 95 % confidence. */
typedef struct estimate {
    double median, low, high;
} estimate;

enum { STATISTICS_MOST = 1000, STATISTICS_FEW = 6 };

/* Median of count values, 1 .. STATISTICS_MOST; the mean of the middle two where the count is even.
 */
double median_of(const double *values, size_t count);

/* The median with its interval: by the percentile bootstrap (2,000 resamples); with fewer than
 * STATISTICS_FEW values there is nothing to resample: smallest and largest. */
estimate estimate_of(const double *values, size_t count);

/* The estimate of above[i] / below[i]: pairs come from one round of an interleaved measurement, so
 * that what slowed the machine in that round cancels out. */
estimate estimate_of_ratio(const double *above, const double *below, size_t count);

/* Geometric mean of count positive values, count >= 1. */
double geometric_mean(const double *values, size_t count);

/* Whether the interval excludes 1, so that a ratio may be called a difference. */
bool differs_from_one(estimate ratio);

#endif
