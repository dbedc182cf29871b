/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Items to sort and merge: numbers and records of all sizes, in usual and unusual orders. A record
 * knows its original position, so that a stable result can be told from another. */
#ifndef SUPPORT_ITEMS_H
#define SUPPORT_ITEMS_H

#include <tests/support/par.h>

typedef struct record16 {
    uint64_t key, index;
} record16;
typedef struct record48 {
    int32_t key;
    uint32_t index;
    char rest[40];
} record48;
typedef struct record256 {
    double key;
    uint64_t index;
    char rest[240];
} record256;

/* X(name, type, less, key of an item, its index or a constant, item of key and index) */
#define ITEM_TYPES(X)                                                                              \
    X(u8, uint8_t, FILCH_LESS, ITEM_ITSELF, ITEM_NONE, ITEM_NUMBER)                                \
    X(i16, int16_t, FILCH_LESS, ITEM_ITSELF, ITEM_NONE, ITEM_NUMBER)                               \
    X(u32, uint32_t, FILCH_LESS, ITEM_ITSELF, ITEM_NONE, ITEM_NUMBER)                              \
    X(i64, int64_t, FILCH_LESS, ITEM_ITSELF, ITEM_NONE, ITEM_NUMBER)                               \
    X(real, double, FILCH_LESS, ITEM_ITSELF, ITEM_NONE, ITEM_NUMBER)                               \
    X(r16, record16, ITEM_LESS, ITEM_KEY, ITEM_INDEX, ITEM_RECORD)                                 \
    X(r48, record48, ITEM_LESS, ITEM_KEY, ITEM_INDEX, ITEM_RECORD)                                 \
    X(r256, record256, ITEM_LESS, ITEM_KEY, ITEM_INDEX, ITEM_RECORD)
#define ITEM_LESS(a, b) ((a).key < (b).key)
#define ITEM_ITSELF(x) (x)
#define ITEM_NONE(x) 0
#define ITEM_NUMBER(type, key_, index_) (type)(key_)
#define ITEM_KEY(x) (x).key
#define ITEM_INDEX(x) (x).index
#define ITEM_RECORD(type, key_, index_)                                                            \
    (type)                                                                                         \
    {                                                                                              \
        .key = (key_), .index = (index_)                                                           \
    }

/* The first of n items that should not be where it is, or 0: a lesser key than the one before, or
 * an equal one that came earlier. */
#define ITEMS_DISORDER(name, type, KEY, INDEX)                                                     \
    static size_t disorder_##name(const type *v, size_t n)                                         \
    {                                                                                              \
        for (size_t i = 1; i < n; i++)                                                             \
            if (KEY(v[i]) < KEY(v[i - 1]) ||                                                       \
                (KEY(v[i]) == KEY(v[i - 1]) && INDEX(v[i]) < INDEX(v[i - 1])))                     \
                return i;                                                                          \
        return 0;                                                                                  \
    }

/* Orders of keys. */
typedef enum item_shape {
    RANDOM,
    FEW_VALUES,
    EQUAL,
    RISING,
    FALLING,
    FALLING_STAIRS,
    ORGAN_PIPE,
    RUNS,
    NEARLY_RISING,
    ITEM_SHAPES
} item_shape;

static inline int64_t item_key(item_shape shape, size_t i, size_t n, uint64_t *state)
{
    const size_t run = n / 7 + 1;
    switch (shape) {
    case FEW_VALUES:
        return (int64_t)(par_random(state) % 3);
    case EQUAL:
        return 7;
    case RISING:
        return (int64_t)i;
    case FALLING:
        return (int64_t)(n - i);
    case FALLING_STAIRS:
        return (int64_t)((n - i) / 3);
    case ORGAN_PIPE:
        return (int64_t)(i < n / 2 ? i : n - i);
    case RUNS:
        return (int64_t)(i / run % 2 ? run - i % run : i % run);
    case NEARLY_RISING:
        return par_random(state) % 50 ? (int64_t)i : (int64_t)(par_random(state) % n);
    default:
        return (int64_t)par_random(state);
    }
}

/* A sum over all bytes of all items: the same in any order. */
static inline uint64_t items_sum(const void *items, size_t count, size_t size)
{
    const unsigned char *byte = items;
    uint64_t sum = 0;
    for (size_t i = 0; i < count; i++) {
        uint64_t item = size;
        for (size_t k = 0; k < size; k += 8, byte += size < 8 ? size : 8) {
            uint64_t word = 0;
            memcpy(&word, byte, size < 8 ? size : 8);
            item = stress_mix(item + word);
        }
        sum += item;
    }
    return sum;
}

/* Comparisons that are no order. */
static inline bool less_by_whim(uint64_t a, uint64_t b)
{
    return stress_mix(3 * a + b) & 1;
}
static inline bool less_always(uint64_t a, uint64_t b)
{
    return true;
}
static inline bool less_never(uint64_t a, uint64_t b)
{
    return false;
}
static inline bool less_or_equal(uint64_t a, uint64_t b)
{
    return a % 16 <= b % 16;
}
static inline bool less_in_a_circle(uint64_t a, uint64_t b)
{
    return (a - b) % 3 == 1;
}
static inline bool less_and_then_not(uint64_t a, uint64_t b)
{
    static _Thread_local uint64_t calls;
    return stress_mix(calls++) % 4 ? a < b : a > b;
}
/* X(name) */
#define ITEM_DISORDERS(X)                                                                          \
    X(less_by_whim)                                                                                \
    X(less_always)                                                                                 \
    X(less_never)                                                                                  \
    X(less_or_equal)                                                                               \
    X(less_in_a_circle)                                                                            \
    X(less_and_then_not)

#endif
