/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Results of simulations, as a table for people, CSV or JSON. A row is one policy with one number
 * of workers; its figures are medians over the seeds. */
#ifndef SIM_REPORT_H
#define SIM_REPORT_H

#include "options.h"
#include "walk.h"

enum figure {
    FIGURE_MAKESPAN,
    FIGURE_GIFTS,
    FIGURE_ROBS,
    FIGURE_STOLEN,
    FIGURE_READY,
    FIGURE_CORE,
    FIGURE_CACHE,
    FIGURE_NODE,
    FIGURE_FAR,
    FIGURE_FAILED,
    FIGURE_WAITS,
    FIGURE_WAKES,
    FIGURE_WORKED,
    FIGURE_SEARCHED,
    FIGURE_SLEPT,
    FIGURE_JOBS,
    FIGURE_WITH_1, /* .. FIGURE_WITH_LAST */
    FIGURE_WITH_LAST = FIGURE_WITH_1 + SIM_JOBS - 2,
    FIGURES
};

typedef struct sim_row {
    const sim_queue *queue;
    const fl_policy *policy;
    unsigned workers;
    double capacity, slowest; /* the sum of its workers' speeds; the lowest speed */
    double least, most;       /* ns: makespans of all seeds */
    double median[FIGURES];   /* times in ns */
} sim_row;

typedef struct sim_report {
    const sim_options *options;
    extent extent;
    sim_row *rows;
    unsigned count;
} sim_report;

/* Outcomes of the seeds, 1 .. SIM_SEEDS. */
void report_row(sim_row *row, const outcome *outcomes, unsigned count);

/* work / capacity / makespan */
double report_efficiency(const sim_report *r, const sim_row *row);

/* 0 or -errno. */
int report_table(const sim_report *r, FILE *out);
int report_csv(const sim_report *r, FILE *out);
int report_json(const sim_report *r, FILE *out);
/* A picture of the efficiency over the workers (picture.c). */
int report_svg(const sim_report *r, FILE *out);

#endif
