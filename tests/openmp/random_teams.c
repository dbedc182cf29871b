/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Random regions: work shares with and without barriers, sections, locks, the numbers of a team,
 * reductions of arrays, and cancellation of loops, sections and whole regions. */
#include "random_regions.h"

#include <omp.h>
#include <sched.h>

/* Sums leaves [0, size) in parts, each by another construct. */
static uint64_t workshares(uint64_t seed, int depth)
{
    const uint64_t n = size(seed), third = n / 3;
    uint64_t total = 0, guarded = 0, reduced = 0;
#pragma omp parallel num_threads(width(seed))
    {
#pragma omp for schedule(dynamic) nowait
        for (uint64_t i = 0; i < third; i++) {
            const uint64_t x = leaf(seed, i, depth, true);
#pragma omp critical(sum_of_workshares)
            guarded += x; /* other threads are adding to total by `atomic` meanwhile */
        }
#pragma omp for schedule(guided) nowait
        for (uint64_t i = third; i < 2 * third; i++) {
            const uint64_t x = leaf(seed, i, depth, true);
#pragma omp atomic
            total += x;
        }
        for (uint64_t i = 2 * third; i < n; i++)
#pragma omp single nowait
        {
            const uint64_t x = leaf(seed, i, depth, true);
#pragma omp atomic
            total += x;
        }
#ifndef __clang__ /* it does not compile `scope` */
#pragma omp scope reduction(+ : reduced)
#else
#pragma omp for schedule(static, 1) reduction(+ : reduced)
        for (int i = 0; i < omp_get_num_threads(); i++)
#endif
        reduced++;
#pragma omp barrier
#pragma omp master
        total += reduced - (uint64_t)omp_get_num_threads();
    }
    return total + guarded;
}

static uint64_t phases(uint64_t seed, int depth)
{
    uint64_t cells[2][CELLS], link = 0;
    const unsigned count = (unsigned)size(seed) / 4;
    for (uint64_t i = 0; i < CELLS; i++)
        cells[0][i] = seed + i;
#pragma omp parallel num_threads(width(seed))
    for (unsigned phase = 0; phase < count; phase++) {
        const uint64_t *from = cells[phase % 2];
#pragma omp for schedule(dynamic)
        for (int i = 0; i < CELLS; i++)
            cells[(phase + 1) % 2][i] = mix(from[i] + from[(i + 1) % CELLS]);
#pragma omp single
        link = mix(link + leaf(seed, phase, depth, true) + cells[(phase + 1) % 2][phase % CELLS]);
    }
    return link;
}

static uint64_t phases_serial(uint64_t seed, int depth)
{
    uint64_t cells[2][CELLS], link = 0;
    for (uint64_t i = 0; i < CELLS; i++)
        cells[0][i] = seed + i;
    for (unsigned phase = 0; phase < (unsigned)size(seed) / 4; phase++) {
        const uint64_t *from = cells[phase % 2];
        for (int i = 0; i < CELLS; i++)
            cells[(phase + 1) % 2][i] = mix(from[i] + from[(i + 1) % CELLS]);
        link = mix(link + leaf(seed, phase, depth, false) + cells[(phase + 1) % 2][phase % CELLS]);
    }
    return link;
}

static uint64_t sections(uint64_t seed, int depth)
{
    const uint64_t n = size(seed);
    uint64_t total = 0, last = 0;
#pragma omp parallel sections num_threads(width(seed)) reduction(+ : total) lastprivate(last)
    {
#pragma omp section
        for (uint64_t i = 0; i < n; i += 3)
            total += leaf(seed, i, depth, true);
#pragma omp section
        for (uint64_t i = 1; i < n; i += 3)
            total += leaf(seed, i, depth, true);
#pragma omp section
        {
            for (uint64_t i = 2; i < n; i += 3)
                total += leaf(seed, i, depth, true);
            last = seed;
        }
    }
    return total + (last != seed);
}

static uint64_t locks(uint64_t seed, int depth)
{
    uint64_t total = 0;
    omp_lock_t lock;
    omp_nest_lock_t nest;
    omp_init_lock(&lock);
    omp_init_nest_lock(&nest);
#pragma omp parallel for num_threads(width(seed)) schedule(dynamic)
    for (uint64_t i = 0; i < size(seed); i++) {
        const uint64_t x = leaf(seed, i, depth, true);
        omp_set_nest_lock(&nest);
        omp_set_nest_lock(&nest);
        while (!omp_test_lock(&lock))
            sched_yield();
        total += x;
        omp_unset_lock(&lock);
        omp_unset_nest_lock(&nest);
        omp_unset_nest_lock(&nest);
    }
    omp_destroy_nest_lock(&nest);
    omp_destroy_lock(&lock);
    return total;
}

static uint64_t mine;
#pragma omp threadprivate(mine)

/* Counts what differs from the specification: numbers, levels, copyin and copyprivate. */
static uint64_t team(uint64_t seed, int depth)
{
    (void)depth;
    const int level = omp_get_level(), above = omp_get_thread_num();
    uint64_t wrong = 0, seen = 0, value = 0;
    int threads = 0;
    mine = seed;
#pragma omp parallel num_threads(width(seed)) copyin(mine) reduction(+ : wrong) firstprivate(value)
    {
        wrong += mine != seed;
        wrong += omp_get_level() != level + 1;
        wrong += omp_get_ancestor_thread_num(level) != above;
#pragma omp atomic
        seen |= UINT64_C(1) << omp_get_thread_num() % 64;
#pragma omp single copyprivate(value)
        {
            value = mix(seed);
            threads = omp_get_num_threads();
        }
        wrong += value != mix(seed);
        wrong += omp_get_num_threads() != threads;
    }
    return wrong + (threads < 64 && seen != (UINT64_C(1) << threads) - 1);
}

#pragma omp declare reduction(both:uint64_t : omp_out ^= omp_in) initializer(omp_priv = 0)

static uint64_t reductions(uint64_t seed, int depth)
{
    uint64_t bins[CELLS] = {0}, folded = 0, link = 0;
#pragma omp parallel for num_threads(width(seed)) reduction(+ : bins) reduction(both : folded)
    for (uint64_t i = 0; i < size(seed); i++) {
        const uint64_t x = leaf(seed, i, depth, true);
        bins[x % CELLS] += x;
        folded ^= x;
    }
    for (int i = 0; i < CELLS; i++)
        link = mix(link + bins[i]);
    return link + folded;
}

static uint64_t reductions_serial(uint64_t seed, int depth)
{
    uint64_t bins[CELLS] = {0}, folded = 0, link = 0;
    for (uint64_t i = 0; i < size(seed); i++) {
        const uint64_t x = leaf(seed, i, depth, false);
        bins[x % CELLS] += x;
        folded ^= x;
    }
    for (int i = 0; i < CELLS; i++)
        link = mix(link + bins[i]);
    return link + folded;
}

/* ---- Cancellation: one index of the search space cancels the construct ---- */

static uint64_t search_loop(uint64_t seed, int depth)
{
    const uint64_t wanted = target(seed, depth);
    uint64_t found = 0;
#pragma omp parallel num_threads(width(seed)) shared(found)
    {
#pragma omp for schedule(dynamic, CHUNK)
        for (uint64_t i = 0; i < size(seed); i++) {
            if (i + 1 == wanted) {
#pragma omp atomic write
                found = i + 1;
#pragma omp cancel for
            }
            leaf(seed, i, depth, true);
#pragma omp cancellation point for
        }
#pragma omp barrier
    }
    return found;
}

static uint64_t search_sections(uint64_t seed, int depth)
{
    const uint64_t wanted = target(seed, depth);
    uint64_t found = wanted > 0 ? wanted - 1 : 0;
#pragma omp parallel num_threads(width(seed)) shared(found)
    {
#pragma omp sections
        {
#pragma omp section
            {
                leaf(seed, 0, depth, true);
#pragma omp cancellation point sections
                leaf(seed, 1, depth, true);
            }
#pragma omp section
            if (wanted > 0) {
#pragma omp atomic
                found++;
#pragma omp cancel sections
            }
#pragma omp section
            leaf(seed, 2, depth, true);
        }
#pragma omp barrier
    }
    return found;
}

static uint64_t search_parallel(uint64_t seed, int depth)
{
    const uint64_t wanted = target(seed, depth);
    uint64_t found = 0;
#pragma omp parallel num_threads(width(seed)) shared(found)
    {
        for (uint64_t i = (uint64_t)omp_get_thread_num(); i < size(seed);
             i += (uint64_t)omp_get_num_threads()) {
            if (i + 1 == wanted) {
#pragma omp atomic write
                found = i + 1;
#pragma omp cancel parallel
            }
            leaf(seed, i, 0, true);
#pragma omp cancellation point parallel
        }
#pragma omp barrier
#pragma omp task shared(found)
        {
            uint64_t seen;
#pragma omp atomic read
            seen = found;
            if (seen > MOST)
#pragma omp atomic write
                found = 0;
        }
    }
    return found;
}

const step team_steps[] = {
    {"workshares", workshares, sum},
    {"phases", phases, phases_serial},
    {"sections", sections, sum},
    {"locks", locks, sum},
    {"team", team, zero},
    {"reductions", reductions, reductions_serial},
    {"search_loop", search_loop, target},
    {"search_sections", search_sections, target},
    {"search_parallel", search_parallel, target},
    {0},
};
