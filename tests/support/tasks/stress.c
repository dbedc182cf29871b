/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <inttypes.h>
#include <tests/support/tasks.h>
#include <tests/support/test.h>
#include <time.h>

unsigned stress_times(unsigned times)
{
    const char *text = getenv("FILCH_STRESS");
    double factor = text && *text ? atof(text) : 1;
    double scaled = times * factor / (BUILD_TSAN ? 10 : BUILD_ASAN ? 5 : 1);
    return scaled < 1 ? 1 : (unsigned)scaled;
}

uint64_t stress_seed(void)
{
    const char *text = getenv("FILCH_SEED");
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    uint64_t seed = text && *text ? strtoull(text, NULL, 0) : (uint64_t)now.tv_nsec;
    printf("FILCH_SEED=%" PRIu64 "\n", seed);
    fflush(stdout);
    return seed;
}

/* The runtimes: few and many workers on each queue with each fence. Tests that are to suspend at
 * will have room for it, however small the build. */
static const unsigned stress_workers[] = {2, 8, 64};

filch_config stress_config(unsigned i, uint64_t seed)
{
    return (filch_config){.workers = stress_workers[i / 4],
                          .queue = i & 1 ? "central-mutex" : "chase-lev",
                          .fence = i & 2 ? "full" : "asymmetric",
                          .seed = seed,
                          .stack_size = 1 << 20,
                          .max_fibers = 1000000};
}

filch_runtime *stress_runtime(unsigned i, uint64_t seed)
{
    filch_runtime *rt;
    filch_config config = stress_config(i, seed);
    if (filch_runtime_create(&rt, &config))
        filch_die("%s", filch_error());
    return rt;
}

const char *stress_name(unsigned i)
{
    static char name[64];
    filch_config config = stress_config(i, 0);
    snprintf(name, sizeof name, "%u workers, %s, %s", config.workers, config.queue, config.fence);
    return name;
}
