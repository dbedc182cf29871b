/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Checks the description of a metric before it is shown. */
#ifndef FL_METRIC_CHECK_H
#define FL_METRIC_CHECK_H

#include <filch/metrics.h>

#include <stdbool.h>

/* has_stats: its source is a row of statistics. 0, or -EINVAL with a sentence. */
int fl_metric_check(const filch_metric *what, bool has_stats);

#endif
