/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Growth of memory over a run that is cut into ten equal parts by jobs. The first part warms up: each
 * thread gets its arena, its buffers and its stacks. A steady state has the same mean in all others. */
#ifndef BARS_WORKER_GROWTH_H
#define BARS_WORKER_GROWTH_H

enum { GROWTH_PARTS = 10 };

typedef struct growth {
    double sum[GROWTH_PARTS]; /* bytes */
    unsigned count[GROWTH_PARTS];
} growth;

/* Adds a sample, taken when `share` (0..1) of the jobs were done. */
void growth_add(growth *g, double share, double bytes);
/* The mean of a part. NAN: it has no samples. */
double growth_mean(const growth *g, unsigned part);
/* The last part's mean over the second's. */
double growth_ratio(const growth *g);
/* The slope of the line through all parts but the first, by least squares, in bytes a job. */
double growth_slope(const growth *g, double jobs);
/* Prints the parts in MiB. */
void growth_print(const growth *g);

#endif
