/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The work of a job: it computes for a while, and waits for a while, as if for a disk or a peer. */
#ifndef TUNE_LOAD_H
#define TUNE_LOAD_H

#include <stdint.h>

typedef struct tune_load {
    const char *name, *what; /* `what` stands in the help */
    int64_t cpu, wait;       /* ns */
    double serial;           /* share of the jobs that one does alone, while nobody else works */
    uint64_t turns;          /* of load_run's loop; load_calibrate */
} tune_load;

enum { LOADS = 3 };
extern const tune_load tune_loads[LOADS];

/* Finds out how many turns take load->cpu. Takes some 10 ms. */
void load_calibrate(tune_load *load);

/* One job's work: half of the computation, the waiting, the other half. A task suspends while it
 * waits, a thread blocks. Returns for how long it waited, by the clock: ns. */
int64_t load_run(const tune_load *load);

/* By its figures: seconds of a job, and the share of them for which it computes. */
double load_seconds(const tune_load *load);
double load_busy(const tune_load *load);

#endif
