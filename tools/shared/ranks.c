/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "ranks.h"

#include "statistics.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>

typedef struct ranked {
    double value; /* its rank is by this */
    bool mine;    /* its rank counts */
} ranked;

static int ascending(const void *a, const void *b)
{
    double x = ((const ranked *)a)->value, y = ((const ranked *)b)->value;
    return (x > y) - (x < y);
}

/* Puts them in order. Equal values share the mean of their ranks, so ranks are counted twice to be
 * whole: twice[i], from 2 on. Returns the sum over those that are mine. */
static unsigned rank_twice(ranked *values, size_t count, unsigned *twice)
{
    unsigned sum = 0;
    qsort(values, count, sizeof *values, ascending);
    for (size_t from = 0, to; from < count; from = to) {
        for (to = from + 1; to < count && values[to].value <= values[from].value;)
            to++;
        for (size_t i = from; i < to; i++) {
            twice[i] = (unsigned)(from + 1 + to);
            sum += values[i].mine ? twice[i] : 0;
        }
    }
    return sum;
}

/* Two-sided: of ways[0 .. most], twice the smaller share of those up to sum, and from it on. */
static double share_beyond(const double *ways, size_t most, size_t sum)
{
    double below = 0, all = 0, at = ways[sum];
    for (size_t s = 0; s <= most; s++) {
        all += ways[s];
        below += s < sum ? ways[s] : 0;
    }
    double above = all - below - at;
    return fmin(1, 2 * (fmin(below, above) + at) / all);
}

/* Never 0: values beyond all doubles are still possible. */
static double normal_beyond(double distance, double variance)
{
    return variance > 0 ? fmax(DBL_MIN, erfc(fmax(0, distance - 1) / sqrt(2 * variance))) : 1;
}

enum { MOST_SUM = RANKS_EXACT * (RANKS_EXACT + 1) };

double p_of_signs(const double *values, size_t count)
{
    ranked all[STATISTICS_MOST];
    unsigned twice[STATISTICS_MOST], most = 0;
    size_t used = 0;
    for (size_t i = 0; i < count; i++)
        if (values[i] < 0 || values[i] > 0)
            all[used++] = (ranked){fabs(values[i]), values[i] > 0};
    unsigned sum = rank_twice(all, used, twice);
    double ways[MOST_SUM + 1] = {1}, squares = 0;
    for (size_t i = 0; i < used; i++) {
        most += twice[i];
        squares += (double)twice[i] * twice[i];
        for (size_t s = most; used <= RANKS_EXACT && s >= twice[i]; s--)
            ways[s] += ways[s - twice[i]];
    }
    if (used <= RANKS_EXACT)
        return share_beyond(ways, most, sum);
    return normal_beyond(fabs(sum - most / 2.0), squares / 4);
}

double p_of_pairs(const double *above, const double *below, size_t count)
{
    double logs[STATISTICS_MOST];
    for (size_t i = 0; i < count; i++)
        logs[i] = log(above[i] / below[i]);
    return p_of_signs(logs, count);
}

/* ways[k][s]: how many choices of k ranks have the sum s. */
static double groups_exact(const unsigned *twice, size_t count, size_t chosen, size_t sum)
{
    double ways[RANKS_EXACT / 2 + 1][MOST_SUM + 1] = {{1}};
    size_t most = 0;
    for (size_t i = 0; i < count; i++) {
        most += twice[i];
        for (size_t k = chosen < i + 1 ? chosen : i + 1; k > 0; k--)
            for (size_t s = most; s >= twice[i]; s--)
                ways[k][s] += ways[k - 1][s - twice[i]];
    }
    return share_beyond(ways[chosen], most, sum);
}

double p_of_groups(const double *one, size_t one_count, const double *other, size_t other_count)
{
    ranked all[2 * STATISTICS_MOST];
    unsigned twice[2 * STATISTICS_MOST];
    if (one_count > other_count)
        return p_of_groups(other, other_count, one, one_count);
    size_t count = one_count + other_count;
    for (size_t i = 0; i < count; i++)
        all[i] = i < one_count ? (ranked){one[i], true} : (ranked){other[i - one_count], false};
    unsigned sum = rank_twice(all, count, twice);
    if (count <= RANKS_EXACT)
        return groups_exact(twice, count, one_count, sum);
    double mean = (double)(count + 1), squares = 0;
    for (size_t i = 0; i < count; i++)
        squares += (twice[i] - mean) * (twice[i] - mean);
    double n = (double)one_count, m = (double)other_count, all_count = (double)count;
    return normal_beyond(fabs(sum - n * mean), squares * n * m / (all_count * (all_count - 1)));
}

double p_least_of_groups(size_t one_count, size_t other_count)
{
    double ways = 1;
    for (size_t i = 1; i <= one_count; i++)
        ways *= (double)(other_count + i) / (double)i;
    return fmin(1, 2 / ways);
}
