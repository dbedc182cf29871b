/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Keys of radix sorts: converts numbers of any kind to unsigned ones of the same order, and
 * extracts their digits. For <filch/detail/radix_core.h> and its readers. */
#ifndef FILCH_RADIX_KEY_H
#define FILCH_RADIX_KEY_H
#include <filch/detail/hide_words.h>

#include <filch/base.h>

/* The kind of a key. */
typedef enum filch_radix_kind {
    FILCH_RADIX_UNSIGNED,
    FILCH_RADIX_SIGNED, /* two's complement */
    FILCH_RADIX_FLOAT   /* float or double */
} filch_radix_kind;

/* `bits` bits of a key, from bit `shift` up. */
typedef struct filch_radix_digit {
    unsigned shift, bits;
} filch_radix_digit;

/* Converts `bytes` bytes to a number: flip `always`, and `negative` if the top bit was set. */
typedef struct fl_radix_flips {
    uint64_t always, negative;
    unsigned top;
} fl_radix_flips;

FILCH_INLINE fl_radix_flips fl_radix_flips_of(size_t bytes, filch_radix_kind kind)
{
    const unsigned top = (unsigned)bytes * 8 - 1;
    const uint64_t sign = (uint64_t)1 << top;
    fl_radix_flips flips;
    flips.always = kind == FILCH_RADIX_UNSIGNED ? 0 : sign;
    flips.negative = kind == FILCH_RADIX_FLOAT ? sign - 1 : 0;
    flips.top = top;
    return flips;
}

FILCH_INLINE uint64_t fl_radix_number(const void *key, size_t bytes, fl_radix_flips flips)
{
    uint8_t one;
    uint16_t two;
    uint32_t four;
    uint64_t number;
    switch (bytes) {
    case 1:
        __builtin_memcpy(&one, key, 1);
        number = one;
        break;
    case 2:
        __builtin_memcpy(&two, key, 2);
        number = two;
        break;
    case 4:
        __builtin_memcpy(&four, key, 4);
        number = four;
        break;
    default:
        __builtin_memcpy(&number, key, 8);
    }
    return number ^ flips.always ^ ((0 - (number >> flips.top)) & flips.negative);
}

/* Returns the bits needed to write x. */
FILCH_INLINE unsigned fl_radix_width(uint64_t x)
{
    return x ? 64 - (unsigned)__builtin_clzll(x) : 0;
}

/* The bits below bit `shift`. */
FILCH_INLINE uint64_t fl_radix_below(unsigned shift)
{
    return ((uint64_t)1 << shift) - 1;
}

FILCH_INLINE size_t fl_radix_digit_of(uint64_t key, filch_radix_digit digit)
{
    return (size_t)(key >> digit.shift) & (((size_t)1 << digit.bits) - 1);
}

#include <filch/detail/show_words.h>
#endif
