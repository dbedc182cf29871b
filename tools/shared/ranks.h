/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * How likely chance alone makes a difference as clear as that: two-sided permutation tests on
 * ranks, which outliers cannot sway. Pure functions; any thread.
 *
 * The distribution under permutation is counted exactly, ties included, up to RANKS_EXACT values;
 * beyond, it is the normal one with its variance and a correction for continuity. (Medians
 * themselves, permuted, can tell little: the median of eleven pairs that all agree has p = 0.03,
 * their ranks 0.001.) */
#ifndef SHARED_RANKS_H
#define SHARED_RANKS_H

#include <stddef.h>

enum { RANKS_EXACT = 40 };

/* That values, 1 .. STATISTICS_MOST of them, are as likely to have the one sign as the other: the
 * signed-rank test (F. Wilcoxon: Individual comparisons by ranking methods, 1945). Zeros do not
 * count. */
double p_of_signs(const double *values, size_t count);

/* The same of log(above[i] / below[i]): pairs of one interleaved measurement. All are positive. */
double p_of_pairs(const double *above, const double *below, size_t count);

/* That both groups, 1 .. STATISTICS_MOST values each, come from one distribution: the rank-sum test
 * (H. B. Mann and D. R. Whitney: On a test of whether one of two random variables is stochastically
 * larger than the other, 1947). */
double p_of_groups(const double *one, size_t one_count, const double *other, size_t other_count);

/* The smallest that groups of that size can have. */
double p_least_of_groups(size_t one_count, size_t other_count);

#endif
