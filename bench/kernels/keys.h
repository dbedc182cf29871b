/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Shared by kernels that sort: random keys, a serial sort for leaves, and a number that tells
 * whether keys were sorted. C and C++. */
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

static inline uint32_t keys_median(uint32_t a, uint32_t b, uint32_t c)
{
    if (a < b)
        return b < c ? b : a < c ? c : a;
    return a < c ? a : b < c ? c : b;
}

/* Hoare's partition by the median of three: no key of [from, end) is above one of [end, to), where
 * end is what is returned; neither part is empty. Three keys at least. */
static inline uint32_t *keys_partition(uint32_t *from, uint32_t *to)
{
    const uint32_t pivot = keys_median(*from, from[(to - from) / 2], to[-1]);
    uint32_t *low = from, *high = to - 1;
    for (;; low++, high--) {
        while (*low < pivot)
            low++;
        while (*high > pivot)
            high--;
        if (low >= high)
            return high + 1;
        const uint32_t swap = *low;
        *low = *high;
        *high = swap;
    }
}

/* Quicksort that ends in an insertion sort. */
static inline void keys_sort_leaf(uint32_t *from, uint32_t *to)
{
    enum { SHORT = 20 };
    while (to - from > SHORT) {
        uint32_t *end = keys_partition(from, to);
        keys_sort_leaf(end, to);
        to = end;
    }
    for (uint32_t *at = from + 1; at < to; at++) {
        uint32_t moving = *at, *hole = at;
        for (; hole > from && hole[-1] > moving; hole--)
            *hole = hole[-1];
        *hole = moving;
    }
}

#endif
