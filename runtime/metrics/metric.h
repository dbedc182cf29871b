/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * One metric of a registry. */
#ifndef FL_METRIC_H
#define FL_METRIC_H

#include <runtime/metrics/metrics.h>

/* A checked metric, not yet in a list. -ENOMEM. By free(). */
int fl_metric_create(fl_metric **out, const filch_metric *what);

#endif
