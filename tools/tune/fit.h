/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * From figures to advice. Pure functions; any thread. */
#ifndef TUNE_FIT_H
#define TUNE_FIT_H

#include <stddef.h>

typedef struct spread {
    double median, min, max;
} spread;

/* Of count values, 1 .. STATISTICS_MOST. */
spread spread_of(const double *values, size_t count);
/* The same of above[i] / below[i]: each pair comes from one round. */
spread spread_of_ratio(const double *above, const double *below, size_t count);
/* (max - min) / median; 0 where there is none. */
double spread_width(spread s);

/* The value below which `share` of the values lie, by the nearest rank; 0 of none. Sorts values. */
double quantile_of(double *values, size_t count, double share);

/* G. M. Amdahl, 1967: with a share `serial` of the work that only one can do at a time, n workers
 * gain this over one. */
double amdahl_speed_up(double serial, double n);

typedef struct amdahl {
    double serial;   /* 0 .. 1 */
    double residual; /* root of the mean square of (measured - fitted) / fitted */
} amdahl;

/* The least squares of 1 / speed-up, which is linear in the serial share, over count points; those
 * with n = 1 say nothing of it. Where no point does: 0. */
amdahl amdahl_fit(const double *n, const double *speed_up, size_t count);

/* By the share of its time for which a job keeps a processor busy. */
typedef enum load_kind { LOAD_IO_BOUND, LOAD_MIXED, LOAD_CPU_BOUND } load_kind;
load_kind load_kind_of(double busy);
extern const char *const load_kind_names[]; /* "I/O-bound" */

/* So many jobs in progress keep all cores busy if each computes `busy` of its time: cores / busy
 * (B. Goetz and others, Java Concurrency in Practice, 2006, section 8.2). At most `most`. */
double width_that_fills(unsigned cores, double busy, double most);

/* The first place whose value is at least (1 - slack) of the largest; values rise with the place
 * until they do not any more. count >= 1. */
size_t knee_of(const double *values, size_t count, double slack);

/* The first place whose value is at most `most`; count: there is none. */
size_t first_at_most(const double *values, size_t count, double most);

/* J. D. C. Little, 1961: the average number in a system is the arrivals in a second times the
 * seconds that each stays. How far the first is from the second, as a share of the second; 0 if both
 * are 0. */
double little_difference(double in_system, double arrivals_per_second, double seconds_in_system);

#endif
