/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Medians and how sure they are. Pure functions; any thread. Deterministic: the seed of the
 * resampling is the number of values, so the same samples give the same interval, and a report can
 * be made again from its samples.
 *
 * Intervals are those of the percentile bootstrap (B. Efron and R. J. Tibshirani: An introduction
 * to the bootstrap, 1993, chapter 13): of 2,000 or more medians of samples drawn with replacement,
 * all but the outermost. Of few values it is too narrow: with 7, it holds the truth 88 times of
 * 100. So fewer are left out, as Student's t lies farther out than the normal distribution: the
 * expanded percentile interval (T. C. Hesterberg, "What teachers should know about the bootstrap",
 * The American Statistician 69, 2015). BCa intervals do not help here: their acceleration comes from
 * the jackknife, which tells nothing of a median (Efron and Tibshirani, section 11.6). */
#ifndef SHARED_STATISTICS_H
#define SHARED_STATISTICS_H

#include <stdbool.h>
#include <stddef.h>

/* A median and the interval in which it lies with 95 % confidence. */
typedef struct estimate {
    double median, low, high;
} estimate;

enum { STATISTICS_MOST = 1000, STATISTICS_FEW = 6 };

/* Ascending. */
void put_in_order(double *values, size_t count);

/* Median of count values, 1 .. STATISTICS_MOST; the mean of the middle two where the count is even.
 */
double median_of(const double *values, size_t count);

/* The median with its interval; with fewer than STATISTICS_FEW values there is nothing to resample:
 * smallest and largest. */
estimate estimate_of(const double *values, size_t count);

/* The estimate of above[i] / below[i]: pairs come from one round of an interleaved measurement, so
 * that what slowed the machine in that round cancels out. */
estimate estimate_of_ratio(const double *above, const double *below, size_t count);

/* The estimate of the median of above over the median of below, which have nothing to do with each
 * other: two runs. Both are resampled; with fewer than STATISTICS_FEW of either, what the ranges
 * allow. All values are positive. at_once >= 1: of so many estimates, all intervals together hold
 * the truth with 95 % confidence (C. E. Bonferroni's bound: each errs in 5 % / at_once). */
estimate estimate_of_quotient(const double *above, size_t above_count, const double *below,
                              size_t below_count, size_t at_once);

/* Geometric mean of count positive values, count >= 1. */
double geometric_mean(const double *values, size_t count);

/* Whether the interval excludes 1, so that a ratio may be called a difference. */
bool differs_from_one(estimate ratio);

#endif
