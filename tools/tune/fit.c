/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "fit.h"

#include <math.h>
#include <stdlib.h>
#include <tools/shared/statistics.h>

/* A job that computes for more than the one share, or less than the other, is called by its kind. */
#define CPU_BOUND_ABOVE 0.8
#define IO_BOUND_BELOW 0.2

const char *const load_kind_names[] = {
    [LOAD_IO_BOUND] = "I/O-bound", [LOAD_MIXED] = "mixed", [LOAD_CPU_BOUND] = "CPU-bound"};

spread spread_of(const double *values, size_t count)
{
    spread s = {median_of(values, count), values[0], values[0]};
    for (size_t i = 1; i < count; i++) {
        s.min = fmin(s.min, values[i]);
        s.max = fmax(s.max, values[i]);
    }
    return s;
}

spread spread_of_ratio(const double *above, const double *below, size_t count)
{
    double ratios[STATISTICS_MOST] = {0};
    for (size_t i = 0; i < count; i++)
        ratios[i] = above[i] / below[i];
    return spread_of(ratios, count);
}

double spread_width(spread s)
{
    return s.median > 0 ? (s.max - s.min) / s.median : 0;
}

double quantile_of(double *values, size_t count, double share)
{
    if (count == 0)
        return 0;
    put_in_order(values, count);
    size_t rank = (size_t)ceil(share * (double)count);
    return values[rank < 1 ? 0 : rank > count ? count - 1 : rank - 1];
}

double amdahl_speed_up(double serial, double n)
{
    return 1 / (serial + (1 - serial) / n);
}

amdahl amdahl_fit(const double *n, const double *speed_up, size_t count)
{
    /* 1 / S = s + (1 - s) / n, or 1 / S - 1 / n = s (1 - 1 / n): a line through the origin. */
    double up = 0, down = 0, squares = 0;
    for (size_t i = 0; i < count; i++) {
        double x = 1 - 1 / n[i];
        up += (1 / speed_up[i] - 1 / n[i]) * x;
        down += x * x;
    }
    amdahl a = {.serial = down > 0 ? fmin(fmax(up / down, 0), 1) : 0};
    for (size_t i = 0; i < count; i++) {
        double fitted = amdahl_speed_up(a.serial, n[i]);
        squares += pow((speed_up[i] - fitted) / fitted, 2);
    }
    a.residual = count ? sqrt(squares / (double)count) : 0;
    return a;
}

load_kind load_kind_of(double busy)
{
    return busy >= CPU_BOUND_ABOVE  ? LOAD_CPU_BOUND
           : busy <= IO_BOUND_BELOW ? LOAD_IO_BOUND
                                    : LOAD_MIXED;
}

double width_that_fills(unsigned cores, double busy, double most)
{
    return busy * most > cores ? fmin(cores / fmin(busy, 1), most) : most;
}

size_t knee_of(const double *values, size_t count, double slack)
{
    double best = values[0];
    size_t place = 0;
    for (size_t i = 1; i < count; i++)
        best = fmax(best, values[i]);
    while (values[place] < (1 - slack) * best)
        place++;
    return place;
}

size_t first_at_most(const double *values, size_t count, double most)
{
    size_t place = 0;
    while (place < count && values[place] > most)
        place++;
    return place;
}

double little_difference(double in_system, double arrivals_per_second, double seconds_in_system)
{
    double product = arrivals_per_second * seconds_in_system;
    return product > 0 ? fabs(in_system - product) / product : in_system > 0 ? INFINITY : 0;
}
