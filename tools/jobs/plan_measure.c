/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "plan_measure.h"

#include <math.h>

/* Where the mean of a bucket lies, as a share of its width, if the sum cannot tell: most times are in
 * the lower half, since the density falls over the widest buckets. */
static const double USUAL_SHARE = 0.4;

double plan_measured_service(const scrape *change)
{
    return change->seconds / change->runs;
}

/* ---- Variation ---- */

static double bottom_of(const scrape *change, unsigned bucket)
{
    return bucket ? change->buckets[bucket - 1].to : 0;
}

static double clamped(double value, double least, double most)
{
    return fmin(fmax(value, least), most);
}

/* Where the means of the bounded buckets lie, as a share of their width. *beyond: the mean excess over
 * the last bound. */
static double share_of_widths(const scrape *change, double *beyond)
{
    double at_bottom = 0, widths = 0, above = 0;
    for (unsigned i = 0; i < change->bucket_count; i++) {
        double bottom = bottom_of(change, i), runs = change->buckets[i].runs;
        at_bottom += runs * bottom;
        if (isinf(change->buckets[i].to))
            above = runs;
        else
            widths += runs * (change->buckets[i].to - bottom);
    }
    double left = change->seconds - at_bottom;
    *beyond = above > 0 ? fmax((left - widths * USUAL_SHARE) / above, 0) : 0;
    left -= *beyond * above;
    return widths > 0 ? clamped(left / widths, 0, 1) : 0;
}

double plan_measured_cv(const scrape *change)
{
    double beyond, squares = 0, share = share_of_widths(change, &beyond);
    for (unsigned i = 0; i < change->bucket_count; i++) {
        double bottom = bottom_of(change, i), square;
        if (isinf(change->buckets[i].to)) {
            square = bottom * bottom + 2 * bottom * beyond + 2 * beyond * beyond;
        } else {
            double width = change->buckets[i].to - bottom, mean = bottom + share * width;
            double reach = width * fmin(share, 1 - share);
            square = mean * mean + reach * reach / 3;
        }
        squares += change->buckets[i].runs * square;
    }
    double mean = plan_measured_service(change);
    return sqrt(fmax(squares / change->runs / (mean * mean) - 1, 0));
}

/* ---- Rate ---- */

double plan_measured_rate(const scrape *change, double seconds)
{
    double growth = change->counted > 0 ? change->waiting / change->counted : 0;
    return change->runs / seconds + growth;
}
