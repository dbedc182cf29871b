/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The runtimes on which everything that waits is tested: one worker, as many as there are
 * processors, and many more, on each queue. */
#ifndef SUPPORT_CONFIGS_H
#define SUPPORT_CONFIGS_H

#include <filch/filch.h>
#include <stdio.h>
#include <tests/support/fib.h>

enum { CONFIGS = 8 };
static const unsigned config_workers[] = {1, 2, 8, 64};

/* i: 0 .. CONFIGS - 1. max_fibers: as in filch_config. */
static inline filch_config config_of(unsigned i, unsigned max_fibers)
{
    return (filch_config){.workers = config_workers[i / 2],
                          .queue = fib_queues[i % 2],
                          .max_fibers = max_fibers};
}

static inline filch_runtime *config_runtime(unsigned i, unsigned max_fibers)
{
    filch_config config = config_of(i, max_fibers);
    filch_runtime *rt;
    if (filch_runtime_create(&rt, &config))
        filch_die("%s", filch_error());
    return rt;
}

static inline const char *config_name(unsigned i)
{
    static char name[64];
    snprintf(name, sizeof name, "%u workers, %s", config_workers[i / 2], fib_queues[i % 2]);
    return name;
}

#endif
