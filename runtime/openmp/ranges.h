/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Dynamic loops that are not monotonic (OpenMP 5.1, 2.11.4; gcc's default for schedule(dynamic)). Each
 * thread begins with a range of the chunks, and takes its chunks from the front of it by an add to a word of
 * its own line. A thread without chunks steals the back half of another's range. So threads meet in a cache
 * line only when they steal.
 *
 * A range is one word: the next chunk, and the end. No chunk is ever put back, so a word never shows the same
 * range again after a change, and a thief's CAS needs no counter. The owner's add may pass the end by one; such a range
 * is empty, and nobody but its owner changes it. While a thief moves a stolen range into its own word, no other thread
 * can see it. Another thread may therefore leave the loop early; no chunk is lost.
 *
 * The last chunk of the loop is in no range. A thread that finds no other takes it, and then leaves the loop:
 * gcc's code takes the iteration that a thread has run last for the last one of the loop (lastprivate, linear).
 *
 * The words carry numbers and no data, so all accesses are relaxed. The opener fills them before
 * the share is shown (OpenShare of runtime/openmp/share.h), and again when all threads have left it
 * (ReuseShare). */
#ifndef FL_OPENMP_RANGES_H
#define FL_OPENMP_RANGES_H

#include <runtime/openmp/share.h>

typedef struct fl_omp_range {
    filch_u64 chunks; /* next | end << 32; empty: next >= end */
    char apart[FILCH_APART - sizeof(filch_u64)];
} fl_omp_range;

/* Divides the chunks of a share that is about to be opened. false: there are too many, or no memory. */
bool fl_omp_ranges_open(fl_omp_share *share);
/* Returns a stolen chunk, the last one of the loop, or UINT64_MAX. */
uint64_t fl_omp_ranges_steal(fl_omp_share *share, uint64_t *number);

static inline uint32_t fl_omp_range_next(uint64_t chunks)
{
    return (uint32_t)chunks;
}

static inline uint32_t fl_omp_range_end(uint64_t chunks)
{
    return (uint32_t)(chunks >> 32);
}

/* Returns the next chunk, or UINT64_MAX: there are none. number: of the calling thread, in this loop alone. */
static inline uint64_t fl_omp_ranges_take(fl_omp_share *share, uint64_t *number)
{
    if (FILCH_UNLIKELY(*number == share->threads))
        return UINT64_MAX;
    const uint64_t own =
        filch_u64_add(&share->ranges[*number].chunks, 1, FILCH_RELAXED); /* a number, no data */
    return FILCH_LIKELY(fl_omp_range_next(own) < fl_omp_range_end(own))
               ? fl_omp_range_next(own)
               : fl_omp_ranges_steal(share, number);
}

#endif
