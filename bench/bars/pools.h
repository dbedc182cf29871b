/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A pool for a bar, or the end of the program. */
#ifndef BARS_POOLS_H
#define BARS_POOLS_H

#include "../bind.h"
#include <filch/filch.h>
#include <filch/pools.h>
#include <filch/pool.h>
#include <stdio.h>
#include <stdlib.h>

static inline void pool_check(int rc)
{
    if (rc) {
        fprintf(stderr, "the pool: %s\n", filch_error());
        exit(1);
    }
}

/* Zeroed. */
static inline void *pool_memory(size_t count, size_t size)
{
    void *memory = calloc(count, size);
    if (!memory) {
        fputs("no memory\n", stderr);
        exit(1);
    }
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
    pool_check(filch_pool_create(&pool, &config));
    return pool;
}

/* Waits until it is at rest, having done `count` jobs more than `before`; nothing else became of
 * any. */
static inline uint64_t pool_settle(filch_pool *pool, uint64_t before, long count)
{
    filch_pool_stats stats;
    pool_check(filch_pool_wait(pool, FILCH_FOREVER));
    filch_pool_stats_read(pool, &stats, sizeof stats);
    if (stats.outcomes[FILCH_SUCCEEDED] != before + (uint64_t)count ||
        stats.accepted != stats.outcomes[FILCH_SUCCEEDED] || stats.waiting || stats.running) {
        fprintf(stderr, "the pool's account is wrong: %llu of %ld jobs succeeded\n",
                (unsigned long long)(stats.outcomes[FILCH_SUCCEEDED] - before), count);
        exit(1);
    }
    return stats.outcomes[FILCH_SUCCEEDED];
}

static inline int pool_nothing(filch_self self, filch_job *job, void *data)
{
    return 0;
}

#endif
