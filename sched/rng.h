/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The scheduler's randomness: xorshift64* (Vigna: An experimental exploration of Marsaglia's
 * xorshift generators, scrambled, ACM TOMS 2016), one state per worker, seeded from the runtime's
 * seed. Use it only for random choices. */
#ifndef FL_RNG_H
#define FL_RNG_H

#include <stdint.h>

static inline uint64_t fl_rng_next(uint64_t *state)
{
    uint64_t x = *state;
    x ^= x >> 12;
    x ^= x << 25;
    x ^= x >> 27;
    *state = x;
    return x * 0x2545f4914f6cdd1dull;
}

/* 0 .. n - 1, n > 0. */
static inline uint32_t fl_rng_below(uint64_t *state, uint32_t n)
{
    return (uint32_t)(((fl_rng_next(state) >> 32) * n) >> 32);
}

/* A worker's own state from the runtime's seed; never 0. */
static inline uint64_t fl_rng_seed(uint64_t seed, uint64_t stream)
{
    uint64_t x = seed + 0x9e3779b97f4a7c15ull * (stream + 1);
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ull;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebull;
    x ^= x >> 31;
    return x ? x : 1;
}

#endif
