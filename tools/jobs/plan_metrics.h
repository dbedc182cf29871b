/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The options of `filch-jobs plan` that were not given, from the /metrics of workers that run. */
#ifndef JOBS_PLAN_METRICS_H
#define JOBS_PLAN_METRICS_H

#include "options.h"
#include "plan_queue.h"

/* Writes the rate, the service time and its variation to *load, except for those that o has. URLs are
 * read twice, o->over apart, and what happened in between counts. If one of the places is a file, all
 * are read once, the whole life of the workers counts, and o has to have the rate. *runs: handlers
 * that returned. Returns 0, or an exit status after a message. */
int plan_read_metrics(const jobs_options *o, plan_load *load, double *runs);

#endif
