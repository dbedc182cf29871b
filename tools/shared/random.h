/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef SHARED_RANDOM_H
#define SHARED_RANDOM_H

#include <stdint.h>

/* SplitMix64 (G. L. Steele, D. Lea, C. H. Flood: Fast splittable pseudorandom number generators,
 * OOPSLA 2014): one addition and a mixing function; every state is a good seed. */
static inline uint64_t random_next(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

/* 0 < it < 1. */
static inline double random_share(uint64_t *state)
{
    return ((double)(random_next(state) >> 11) + 0.5) * 0x1p-53;
}

/* 0 .. count - 1; count < 2^32. */
static inline uint64_t random_below(uint64_t *state, uint64_t count)
{
    return (random_next(state) >> 32) * count >> 32;
}

#endif
