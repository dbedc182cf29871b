/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "statistics.h"

#include "random.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Of many estimates at once, the ends are far out: as many more are resampled. */
enum { RESAMPLES = 2000, RESAMPLES_MOST = 40000, OF_EACH = 400 };
#define TAIL 0.025

/* Values in order, to draw from. */
typedef struct ordered {
    double values[STATISTICS_MOST];
    size_t count;
} ordered;

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

void put_in_order(double *values, size_t count)
{
    qsort(values, count, sizeof *values, ascending);
}

static void order(ordered *out, const double *values, size_t count)
{
    memcpy(out->values, values, count * sizeof *values);
    out->count = count;
    put_in_order(out->values, count);
}

static double ordered_median(const ordered *o)
{
    return (o->values[(o->count - 1) / 2] + o->values[o->count / 2]) / 2;
}

double median_of(const double *values, size_t count)
{
    ordered o;
    order(&o, values, count);
    return ordered_median(&o);
}

static double resampled_median(const ordered *o, uint64_t *random)
{
    /* Drawing indices and counting them sorts the resample for nothing. */
    unsigned drawn[STATISTICS_MOST];
    memset(drawn, 0, o->count * sizeof *drawn);
    for (size_t i = 0; i < o->count; i++)
        drawn[random_below(random, o->count)]++;
    size_t seen = drawn[0], at = 0, first;
    while (seen <= (o->count - 1) / 2)
        seen += drawn[++at];
    first = at;
    while (seen <= o->count / 2)
        seen += drawn[++at];
    return (o->values[first] + o->values[at]) / 2;
}

/* The z beyond which that tail of the normal distribution lies. */
static double normal_z(double tail)
{
    double low = 0, high = 40;
    for (int i = 0; i < 60; i++) {
        double middle = (low + high) / 2;
        if (0.5 * erfc(middle / sqrt(2)) > tail)
            low = middle;
        else
            high = middle;
    }
    return low;
}

/* The same of Student's t, from the normal z; within 0.3 % from 5 degrees of freedom on, for 2.5 %
 * (E. A. Cornish and R. A. Fisher's expansion; Abramowitz and Stegun, 26.7.5). */
static double students_t(double z, double freedom)
{
    const double z3 = z * z * z, z5 = z3 * z * z, z7 = z5 * z * z;
    double by = 1 / freedom;
    return z + by * ((z3 + z) / 4 + by * ((5 * z5 + 16 * z3 + 3 * z) / 96 +
                                          by * (3 * z7 + 19 * z5 + 17 * z3 - 15 * z) / 384));
}

/* The share of resampled medians to leave out at each end, so that the truth lies beyond it as
 * often as `tail` says: less, by how much Student's t lies farther out. */
static double expanded(double tail, double freedom, double wider)
{
    return 0.5 * erfc(wider * students_t(normal_z(tail), freedom) / sqrt(2));
}

static estimate interval_of(double median, double *resampled, size_t count, double tail)
{
    size_t out = (size_t)(tail * (double)count);
    put_in_order(resampled, count);
    return (estimate){median, resampled[out], resampled[count - 1 - out]};
}

estimate estimate_of(const double *values, size_t count)
{
    ordered o;
    double medians[RESAMPLES];
    order(&o, values, count);
    if (count < STATISTICS_FEW)
        return (estimate){ordered_median(&o), o.values[0], o.values[count - 1]};
    uint64_t random = count;
    for (size_t i = 0; i < RESAMPLES; i++)
        medians[i] = resampled_median(&o, &random);
    double n = (double)count, tail = expanded(TAIL, n - 1, sqrt(n / (n - 1)));
    return interval_of(ordered_median(&o), medians, RESAMPLES, tail);
}

estimate estimate_of_ratio(const double *above, const double *below, size_t count)
{
    double ratios[STATISTICS_MOST];
    for (size_t i = 0; i < count; i++)
        ratios[i] = above[i] / below[i];
    return estimate_of(ratios, count);
}

static size_t resamples_for(size_t at_once)
{
    size_t count = OF_EACH * at_once;
    return count < RESAMPLES ? RESAMPLES : count < RESAMPLES_MOST ? count : RESAMPLES_MOST;
}

estimate estimate_of_quotient(const double *above, size_t above_count, const double *below,
                              size_t below_count, size_t at_once)
{
    ordered a, b;
    double quotients[RESAMPLES_MOST];
    order(&a, above, above_count);
    order(&b, below, below_count);
    double quotient = ordered_median(&a) / ordered_median(&b);
    if (above_count < STATISTICS_FEW || below_count < STATISTICS_FEW)
        return (estimate){quotient, a.values[0] / b.values[below_count - 1],
                          a.values[above_count - 1] / b.values[0]};
    uint64_t random = above_count * STATISTICS_MOST + below_count;
    size_t resamples = resamples_for(at_once);
    for (size_t i = 0; i < resamples; i++) {
        double drawn = resampled_median(&a, &random);
        quotients[i] = drawn / resampled_median(&b, &random);
    }
    double freedom = (double)(above_count + below_count - 2);
    return interval_of(quotient, quotients, resamples,
                       expanded(TAIL / (double)at_once, freedom, 1));
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
