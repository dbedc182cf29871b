/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * What kernels that sort have in common: random keys, and a number that tells whether they were
 * sorted. */
#ifndef KERNELS_KEYS_H
#define KERNELS_KEYS_H

#include <stddef.h>
#include <stdint.h>

/* A multiplicative generator of full period modulo 2^64; the high half is well mixed. */
static inline void keys_shuffle(uint32_t *keys, size_t n)
{
    uint64_t state = 88172645463325252u;
    for (size_t i = 0; i < n; i++) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        keys[i] = (uint32_t)(state >> 32);
    }
}

/* Largest when the keys are in order, and no other set of keys is likely to have the same. 0 when
 * out of order. */
static inline uint64_t keys_sum_in_order(const uint32_t *keys, size_t n)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < n; i++) {
        if (i && keys[i - 1] > keys[i])
            return 0;
        sum += keys[i] * (uint64_t)(i + 1);
    }
    return sum;
}

#endif
