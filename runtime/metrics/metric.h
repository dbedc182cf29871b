/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * One metric of a registry. */
#ifndef FL_METRIC_H
#define FL_METRIC_H

#include <filch/metrics.h>
#include <runtime/metrics/metrics.h>

#include <stdbool.h>

/* A checked metric, not yet in a list. -ENOMEM. By free(). */
int fl_metric_create(fl_metric **out, const filch_metric *what);

/* ---- Checks ---- */

/* Checks the description of a metric before it is shown. */

/* has_stats: its source is a row of statistics. 0, or -EINVAL with a sentence. */
int fl_metric_check(const filch_metric *what, bool has_stats);

#endif
