/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A worker's counters are no step of any protocol. */
#ifndef MC_STATISTICS_H
#define MC_STATISTICS_H

#include <runtime/engine/worker.h>
#include <tests/model/checker/check.h>

/* Of all workers, since nobody reads them. */
static filch_u64 statistics_thefts[MC_THREADS];

/* Setup: once, */
static inline void statistics_setup(void)
{
    mc_ignore(statistics_thefts, sizeof statistics_thefts);
}

/* and for each worker. but_suspended: how many fibers have suspended on it is a step. */
static inline void statistics_ignore(fl_worker *worker, bool but_suspended)
{
    char *counters = (char *)worker->counters, *end = (char *)(&worker->times + 1);
    worker->thefts = statistics_thefts;
    if (but_suspended) {
        mc_ignore(counters, FL_SUSPENDED * sizeof(filch_u64));
        counters = (char *)&worker->times;
    }
    mc_ignore(counters, (size_t)(end - counters));
}

#endif
