/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/openmp/ranges.h>

#include <stdlib.h>

enum { MOST = 1u << 31 }; /* chunks: an add past the end stays within its half of the word */

static uint64_t range(uint64_t next, uint64_t end)
{
    return next | end << 32;
}

bool fl_omp_ranges_open(fl_omp_share *share)
{
    const unsigned threads = share->threads;
    if (share->chunks > MOST || !share->chunks)
        return false;
    const uint64_t all = share->chunks - 1; /* but the last one */
    if (!share->ranges)
        share->ranges = aligned_alloc(FILCH_APART, threads * sizeof *share->ranges);
    if (!share->ranges)
        return false;
    for (unsigned i = 0; i < threads; i++) {
        const uint64_t next = all * i / threads, end = all * (i + 1) / threads;
        filch_u64_store(&share->ranges[i].chunks, range(next, end),
                        FILCH_RELAXED); /* OpenShare shows it */
    }
    return true;
}

/* Takes the back half of that range, the larger one. */
static bool halve(fl_omp_range *victim, uint64_t *middle, uint64_t *end)
{
    uint64_t all = filch_u64_load(&victim->chunks, FILCH_RELAXED); /* a guess for the CAS */
    do {
        const uint64_t next = fl_omp_range_next(all);
        *end = fl_omp_range_end(all);
        if (next >= *end)
            return false;
        *middle = next + (*end - next) / 2;
    } while (!filch_u64_cas(&victim->chunks, &all, range(fl_omp_range_next(all), *middle),
                            FILCH_RELAXED)); /* numbers, no data */
    return true;
}

/* The thread leaves the loop, with its last chunk or without. */
static uint64_t leave(fl_omp_share *share, uint64_t *number)
{
    *number = share->threads;
    const bool taken = filch_u64_load(&share->next, FILCH_RELAXED) || /* a look */
                       filch_u64_add(&share->next, 1, FILCH_RELAXED); /* a number, no data */
    return taken ? UINT64_MAX : share->chunks - 1;
}

uint64_t fl_omp_ranges_steal(fl_omp_share *share, uint64_t *number)
{
    const uint64_t threads = share->threads;
    for (uint64_t i = 1; i < threads; i++) {
        uint64_t middle, end;
        if (!halve(&share->ranges[(*number + i) % threads], &middle, &end))
            continue;
        filch_u64_store(&share->ranges[*number].chunks, range(middle + 1, end),
                        FILCH_RELAXED); /* others leave an empty range alone */
        return middle;
    }
    return leave(share, number);
}
