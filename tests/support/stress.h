/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Shared by the stress tests: how much (FILCH_STRESS multiplies it, sanitizers divide), which seed
 * (FILCH_SEED, else the clock; printed, so that a failure can be repeated), and the runtimes. */
#ifndef SUPPORT_STRESS_H
#define SUPPORT_STRESS_H

#include <filch/filch.h>

#include <inttypes.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <tests/support/build.h>
#include <time.h>

static inline unsigned stress_times(unsigned times)
{
    const char *text = getenv("FILCH_STRESS");
    double factor = text && *text ? atof(text) : 1;
    double scaled = times * factor / (BUILD_TSAN ? 10 : BUILD_ASAN ? 5 : 1);
    return scaled < 1 ? 1 : (unsigned)scaled;
}

static inline uint64_t stress_seed(void)
{
    const char *text = getenv("FILCH_SEED");
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    uint64_t seed = text && *text ? strtoull(text, NULL, 0) : (uint64_t)now.tv_nsec;
    printf("FILCH_SEED=%" PRIu64 "\n", seed);
    fflush(stdout);
    return seed;
}

static inline uint64_t stress_mix(uint64_t x)
{
    x = (x ^ (x >> 32)) * UINT64_C(0xd6e8feb86659fd93);
    x = (x ^ (x >> 32)) * UINT64_C(0xd6e8feb86659fd93);
    return x ^ (x >> 32);
}

/* The runtimes: few and many workers on each queue with each fence. Tests that are to suspend at
 * will have room for it, however small the build. */
static const unsigned stress_workers[] = {2, 8, 64};
enum { STRESS_CONFIGS = 12 };

static inline filch_config stress_config(unsigned i, uint64_t seed)
{
    return (filch_config){.workers = stress_workers[i / 4],
                          .queue = i & 1 ? "central-mutex" : "chase-lev",
                          .fence = i & 2 ? "full" : "asymmetric",
                          .seed = seed,
                          .stack_size = 1 << 20,
                          .max_fibers = 1000000};
}

static inline filch_runtime *stress_runtime(unsigned i, uint64_t seed)
{
    filch_runtime *rt;
    filch_config config = stress_config(i, seed);
    if (filch_runtime_create(&rt, &config))
        filch_die("%s", filch_error());
    return rt;
}

static inline const char *stress_name(unsigned i)
{
    static char name[64];
    filch_config config = stress_config(i, 0);
    snprintf(name, sizeof name, "%u workers, %s, %s", config.workers, config.queue, config.fence);
    return name;
}

/* A task's own length: nothing, some instructions, or a step aside for the others. */
static inline void stress_dawdle(uint64_t random)
{
    if (random % 997 == 0) /* seldom: beside other load it costs a slice of time */
        sched_yield();
    for (volatile unsigned i = random % 5 ? 0 : random % 400; i; i--)
        ;
}

#endif
