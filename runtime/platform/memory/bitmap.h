/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A set of small numbers: which is the lowest? Words of 64 bits that the user allocates. Not
 * shared. */
#ifndef FL_BITMAP_H
#define FL_BITMAP_H

#include <stdbool.h>
#include <stdint.h>

enum { FL_BITMAP_WORD = 64 };

static inline void fl_bitmap_set(uint64_t *words, unsigned number, bool in)
{
    uint64_t bit = (uint64_t)1 << number % FL_BITMAP_WORD;
    uint64_t *word = &words[number / FL_BITMAP_WORD];
    *word = in ? *word | bit : *word & ~bit;
}

/* Of the numbers below `end`; -1: none. */
static inline int fl_bitmap_first(const uint64_t *words, unsigned end)
{
    for (unsigned i = 0; i * FL_BITMAP_WORD < end; i++)
        if (words[i])
            return (int)(i * FL_BITMAP_WORD) + __builtin_ctzll(words[i]);
    return -1;
}

#endif
