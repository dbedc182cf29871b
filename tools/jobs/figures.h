/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The figures of a load, for people and as JSON. */
#ifndef JOBS_FIGURES_H
#define JOBS_FIGURES_H

#include "options.h"
#include "record.h"

/* Numbers below 0 are not known. Rates are a second. */
typedef struct load_figures {
    double seconds, published, publish_rate, failed, processed, rate;
    load_latency latency;
    double duplicates, lost, left, dead;
} load_figures;

/* Writes them to stdout. An exit status. */
int load_figures_print(const jobs_options *o, const load_figures *figures);

#endif
