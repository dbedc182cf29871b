/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "statistics.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { RESAMPLES = 2000 };

/* SplitMix64: one addition and a mixing function, every seed is good. */
static uint64_t next_random(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double sorted_median(const double *sorted, size_t count)
{
    return (sorted[(count - 1) / 2] + sorted[count / 2]) / 2;
}

double median_of(const double *values, size_t count)
{
    double sorted[STATISTICS_MOST];
    memcpy(sorted, values, count * sizeof *values);
    qsort(sorted, count, sizeof *sorted, ascending);
    return sorted_median(sorted, count);
}

static double resampled_median(const double *sorted, size_t count, uint64_t *random)
{
    /* Drawing indices and counting them sorts the resample for nothing. */
    unsigned drawn[STATISTICS_MOST] = {0};
    for (size_t i = 0; i < count; i++)
        drawn[(next_random(random) >> 32) * count >> 32]++;
    double middle[2] = {0, 0};
    size_t seen = 0, wanted[2] = {(count - 1) / 2, count / 2};
    for (size_t i = 0; i < count; i++) {
        for (int m = 0; m < 2; m++)
            if (seen <= wanted[m] && wanted[m] < seen + drawn[i])
                middle[m] = sorted[i];
        seen += drawn[i];
    }
    return (middle[0] + middle[1]) / 2;
}

estimate estimate_of(const double *values, size_t count)
{
    double sorted[STATISTICS_MOST], medians[RESAMPLES];
    memcpy(sorted, values, count * sizeof *values);
    qsort(sorted, count, sizeof *sorted, ascending);
    double median = sorted_median(sorted, count);
    if (count < STATISTICS_FEW)
        return (estimate){median, sorted[0], sorted[count - 1]};
    uint64_t random = count;
    for (size_t i = 0; i < RESAMPLES; i++)
        medians[i] = resampled_median(sorted, count, &random);
    qsort(medians, RESAMPLES, sizeof *medians, ascending);
    return (estimate){median, medians[RESAMPLES / 40], medians[RESAMPLES - 1 - RESAMPLES / 40]};
}

estimate estimate_of_ratio(const double *above, const double *below, size_t count)
{
    double ratios[STATISTICS_MOST];
    for (size_t i = 0; i < count; i++)
        ratios[i] = above[i] / below[i];
    return estimate_of(ratios, count);
}

double geometric_mean(const double *values, size_t count)
{
    double sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += log(values[i]);
    return exp(sum / (double)count);
}

bool differs_from_one(estimate ratio)
{
    return ratio.low > 1 || ratio.high < 1;
}
