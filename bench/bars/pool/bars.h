/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The bars of this folder, and a pool for one, or the end of the program. */
#ifndef BARS_POOL_BARS_H
#define BARS_POOL_BARS_H

#include "../bar.h"
#include "../runtimes.h"
#include <filch/pool.h>

bar_judge jobs_judge;
bar_judge limits_judge;
bar_judge memory_judge;
bar_judge million_judge;
bar_judge start_idle, start_load;

/* Zeroed. */
static inline void *pool_memory(size_t count, size_t size)
{
    void *memory = calloc(count, size);
    measure_expect(memory, "no memory");
    return memory;
}

/* Direct, or with a queue that grows, unless the configuration says otherwise. */
static inline filch_pool *pool_with(filch_pool_config config)
{
    filch_pool *pool;
    config.size = sizeof config;
    config.bind = bench_bind_told();
    if (!config.capacity)
        config.capacity = FILCH_UNLIMITED;
    measure_check(filch_pool_create(&pool, &config));
    return pool;
}

/* Waits until it is at rest, having done `count` jobs more than `before`; nothing else became of
 * any. */
static inline uint64_t pool_settle(filch_pool *pool, uint64_t before, long count)
{
    filch_pool_stats stats;
    measure_check(filch_pool_wait(pool, FILCH_FOREVER));
    filch_pool_stats_read(pool, &stats, sizeof stats);
    if (stats.outcomes[FILCH_SUCCEEDED] != before + (uint64_t)count ||
        stats.accepted != stats.outcomes[FILCH_SUCCEEDED] || stats.waiting || stats.running)
        measure_expect(false, "the pool's account is wrong");
    return stats.outcomes[FILCH_SUCCEEDED];
}

static inline int pool_nothing(filch_self self, filch_job *job, void *data)
{
    return 0;
}

#endif
