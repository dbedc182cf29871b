/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A worker's counters are no step of any protocol. */
#ifndef MC_STATISTICS_H
#define MC_STATISTICS_H

#include <runtime/engine/worker.h>
#include <tests/model/checker/check.h>

#include <string.h>

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
    memset(counters, 0, FL_SUSPENDED * sizeof(filch_u64));
    worker->thefts = statistics_thefts;
    if (but_suspended) {
        mc_ignore(counters, FL_SUSPENDED * sizeof(filch_u64));
        counters = (char *)&worker->times;
    }
    mc_ignore(counters, (size_t)(end - counters));
}

/* A row may demand each of the things that are counted, by its field of filch_runtime_stats. */
MC_UNCHECKED static inline void statistics_each(const fl_worker *worker, void (*what)(const char *))
{
#define STATISTICS_NAME(index, field, unit, help) #field,
    static const char *const names[] = {FL_COUNTER_TABLE(STATISTICS_NAME)};
#undef STATISTICS_NAME
    for (unsigned i = 0; i < sizeof names / sizeof names[0]; i++)
        if (worker->counters[i].filch_value)
            what(names[i]);
}

/* Finish. */
static inline void statistics_reached(fl_worker *const *worker, unsigned workers)
{
    for (unsigned i = 0; i < workers; i++)
        statistics_each(worker[i], mc_reached);
}

#endif
