/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A runtime for a bar, or the end of the program. */
#ifndef BARS_RUNTIMES_H
#define BARS_RUNTIMES_H

#include "../bind.h"
#include "measure.h"
#include <filch/filch.h>

static inline filch_runtime *runtime_with(filch_config config)
{
    filch_runtime *rt;
    config.size = sizeof config;
    config.bind = bench_bind_told();
    measure_check(filch_runtime_create(&rt, &config));
    return rt;
}

static inline filch_runtime *runtime_on_stacks(unsigned workers, const char *queue, size_t size)
{
    filch_config config;
    memset(&config, 0, sizeof config);
    config.workers = workers;
    config.queue = queue;
    config.stack_size = size;
    return runtime_with(config);
}

static inline filch_runtime *runtime_of(unsigned workers, const char *queue)
{
    return runtime_on_stacks(workers, queue, 0);
}

/* With a thread's own stack for each fiber: some kernels recurse deeply. */
static inline filch_runtime *runtime_for_kernels(unsigned workers, const char *queue)
{
    return runtime_on_stacks(workers, queue, 8 << 20);
}

#endif
