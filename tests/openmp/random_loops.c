/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Random regions: loops of all schedules, with and without order, and scans. */
#include "random_regions.h"

#include <omp.h>

#define LOOP(name, type, clause)                                                                        \
    static uint64_t loop_##name(uint64_t seed, int depth)                                               \
    {                                                                                                   \
        uint64_t total = 0;                                                                             \
        const type n = (type)size(seed);                                                                \
        type last = n;                                                                                  \
        omp_set_schedule((omp_sched_t)(1 + seed % 4), CHUNK);                                           \
        PRAGMA(omp parallel for num_threads(width(seed)) reduction(+ : total) lastprivate(last) clause) \
        for (type i = 0; i < n; i++) {                                                                  \
            total += leaf(seed, (uint64_t)i, depth, true);                                              \
            last = n - i;                                                                               \
        }                                                                                               \
        return total + (uint64_t)(n > 0 ? last - 1 : 0);                                                \
    }

LOOP(static, int, schedule(static))
LOOP(static_chunk, long, schedule(static, CHUNK))
LOOP(dynamic, int, schedule(dynamic, CHUNK))
LOOP(dynamic_wide, uint64_t, schedule(nonmonotonic : dynamic, CHUNK))
LOOP(guided, int, schedule(guided, CHUNK))
LOOP(guided_wide, uint64_t, schedule(monotonic : guided, CHUNK))
LOOP(monotonic, int, schedule(monotonic : dynamic, CHUNK))
LOOP(auto, int, schedule(auto))
LOOP(runtime, int, schedule(runtime))
LOOP(runtime_wide, uint64_t, schedule(runtime))

static uint64_t loop_downwards(uint64_t seed, int depth)
{
    uint64_t total = 0;
#pragma omp parallel for num_threads(width(seed)) reduction(+ : total) schedule(dynamic, 2)
    for (int i = 3 * (int)size(seed) - 3; i >= 0; i -= 3)
        total += leaf(seed, (uint64_t)i / 3, depth, true);
    return total;
}

static uint64_t loop_collapsed(uint64_t seed, int depth)
{
    uint64_t total = 0;
    const uint64_t n = size(seed), row = 5;
#pragma omp parallel for collapse(2) num_threads(width(seed)) reduction(+ : total) schedule(guided)
    for (uint64_t i = 0; i < (n + row - 1) / row; i++)
        for (uint64_t j = 0; j < row; j++)
            total += i * row + j < n ? leaf(seed, i * row + j, depth, true) : 0;
    return total;
}

#define ORDERED(name, clause)                                                                      \
    static uint64_t ordered_##name(uint64_t seed, int depth)                                       \
    {                                                                                              \
        uint64_t link = seed;                                                                      \
        omp_set_schedule((omp_sched_t)(1 + seed % 4), CHUNK);                                      \
        PRAGMA(omp parallel for ordered num_threads(width(seed)) clause)                           \
        for (uint64_t i = 0; i < size(seed); i++) {                                                \
            const uint64_t x = leaf(seed, i, depth, true);                                         \
            PRAGMA(omp ordered)                                                                    \
            link = mix(link + x);                                                                  \
        }                                                                                          \
        return link;                                                                               \
    }

ORDERED(static, schedule(static, CHUNK))
ORDERED(dynamic, schedule(dynamic, CHUNK))
ORDERED(guided, schedule(guided))
ORDERED(runtime, schedule(runtime))

#define DOACROSS(name, clause)                                                                     \
    static uint64_t doacross_##name(uint64_t seed, int depth)                                      \
    {                                                                                              \
        uint64_t links[MOST + 1] = {seed};                                                         \
        const int n = (int)size(seed);                                                             \
        PRAGMA(omp parallel for ordered(1) num_threads(width(seed)) clause)                        \
        for (int i = 0; i < n; i++) {                                                              \
            const uint64_t x = leaf(seed, (uint64_t)i, depth, true);                               \
            PRAGMA(omp ordered depend(sink : i - 1))                                               \
            links[i + 1] = mix(links[i] + x);                                                      \
            PRAGMA(omp ordered depend(source))                                                     \
        }                                                                                          \
        return links[n];                                                                           \
    }

DOACROSS(static, schedule(static))
DOACROSS(dynamic, schedule(dynamic, CHUNK))
DOACROSS(guided, schedule(guided))

static uint64_t scanned_serial(uint64_t seed, int depth)
{
    uint64_t total = 0, link = seed;
    for (uint64_t i = 0; i < size(seed); i++)
        link = mix(link + (total += leaf(seed, i, depth, false)));
    return link;
}

static uint64_t scanned(uint64_t seed, int depth)
{
    uint64_t x[MOST], y[MOST], total = 0, link = seed;
    const int n = (int)size(seed);
#ifdef __clang__
    if (n < 2) /* the scan that it compiles crashes */
        return scanned_serial(seed, depth);
#endif
#pragma omp parallel for num_threads(width(seed))
    for (int i = 0; i < n; i++)
        x[i] = leaf(seed, (uint64_t)i, depth, true);
#pragma omp parallel for reduction(inscan, + : total) num_threads(width(seed))
    for (int i = 0; i < n; i++) {
        total += x[i];
#pragma omp scan inclusive(total)
        y[i] = total;
    }
    for (int i = 0; i < n; i++)
        link = mix(link + y[i]);
    return link;
}

const step loop_steps[] = {
    {"loop_static", loop_static, sum},
    {"loop_static_chunk", loop_static_chunk, sum},
    {"loop_dynamic", loop_dynamic, sum},
    {"loop_dynamic_wide", loop_dynamic_wide, sum},
    {"loop_guided", loop_guided, sum},
    {"loop_guided_wide", loop_guided_wide, sum},
    {"loop_monotonic", loop_monotonic, sum},
    {"loop_auto", loop_auto, sum},
    {"loop_runtime", loop_runtime, sum},
    {"loop_runtime_wide", loop_runtime_wide, sum},
    {"loop_downwards", loop_downwards, sum},
    {"loop_collapsed", loop_collapsed, sum},
    {"ordered_static", ordered_static, chain},
    {"ordered_dynamic", ordered_dynamic, chain},
    {"ordered_guided", ordered_guided, chain},
    {"ordered_runtime", ordered_runtime, chain},
    {"doacross_static", doacross_static, chain},
    {"doacross_dynamic", doacross_dynamic, chain},
    {"doacross_guided", doacross_guided, chain},
    {"scanned", scanned, scanned_serial},
    {0},
};
