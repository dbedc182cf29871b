/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The load of a plan as running workers measure it. Pure functions; any thread. */
#ifndef JOBS_PLAN_MEASURE_H
#define JOBS_PLAN_MEASURE_H

#include "scrape.h"

/* The rest is of a difference of two scrapes (scrape_since) with runs > 0 and seconds > 0. */

/* Mean time of a handler; the sum and the number of runs are exact. */
double plan_measured_service(const scrape *change);
/* Standard deviation / mean. The histogram tells only the number of runs in each bucket. So the means
 * of all buckets are put at the same share of their widths, which the measured sum decides. The runs of
 * a bucket are spread evenly around its mean, as far to both sides as the bucket allows. Beyond the last
 * bound the excess is exponential. */
double plan_measured_cv(const scrape *change);
/* Jobs that arrive a second: runs, in `seconds`, and the growth of the queues between two counts of
 * these, which have times of their own. */
double plan_measured_rate(const scrape *change, double seconds);

#endif
