/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * How much may be started at once without harm to the machine. */
#ifndef TUNE_LIMITS_H
#define TUNE_LIMITS_H

#include "load.h"

#include <stdbool.h>

enum { SAFE_THREADS = 4096, MOST_SAFE_THREADS = 32768 };

/* Threads: SAFE_THREADS, or half of what the user, the control group and the system's number of
 * threads and memory leave. At least 16. */
unsigned safe_threads(void);

/* Jobs whose computation takes all cores 0.4 seconds (quick: 0.06), at least 100, at most
 * 10,000 (quick: 2,000), and such that a stack of each fits half of the free memory. */
unsigned safe_jobs(const tune_load *load, unsigned cores, bool quick);

#endif
