/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Radix sorting by one thread, inlined by FILCH_RADIX_SORT and the plain function. For readers;
 * callers want <filch/sort.h>.
 *
 * A key becomes a uint64_t whose unsigned order is the key's. Items are distributed by its digits:
 * counted, then each moved to the next place of its digit. There are two uses:
 *  fl_radix_count, fl_radix_scatter   one distribution by the first digit, of more items than
 *                                     caches hold; runtime/par/radix.c runs parts of it in parallel
 *  fl_radix_cached                    the whole sort of items that fit into a cache
 * The latter sorts by two digits, the later one first; the first begins where keys begin to
 * differ. Together they have a few more bits than are needed to number the items, so that few
 * random keys agree in both. Those that do agree are found in a pass over the result and sorted
 * among themselves. Hence keys of 64 bits cost as many moves as those of 32. Bits in which no keys
 * differ cost nothing: the digits are chosen by a sample, and once more if the count shows that it
 * misled. (D. E. Knuth, The Art of Computer Programming, 5.2.5; W. Dobosiewicz, Sorting by
 * distributive partitioning, 1978, has as many buckets as items, for any keys.)
 *
 * All steps are stable. `of` describes an item; `other` is spare room for as many items. If a key
 * panics, `items` holds each item once when `undos` have been worked off (<filch/detail/undo.h>).
 * */
#ifndef FILCH_RADIX_CORE_H
#define FILCH_RADIX_CORE_H
#include <filch/detail/hide_words.h>

#include <filch/detail/par_args.h>
#include <filch/detail/radix_key.h>
#include <filch/detail/undo.h>
#include <stdbool.h>

/* Returns the key of *item as a number of that order. It must always be the same, or items
 * overwrite memory out of bounds. Called on many threads at once; it must not fork, join or
 * suspend. */
typedef uint64_t filch_radix_key_fn(const void *item, void *context);

/* Counters for two digits of up to `bits` bits: 2 << bits of them. And the records of items to
 * move back if a key panics. */
typedef struct filch_radix_tables {
    uint32_t *counts;
    unsigned bits;
    fl_undos *undos;
} filch_radix_tables;

/* The functions of a type that the library's driver needs; all but `key` are called for many items
 * at once. */
typedef struct filch_radix_ops {
    size_t size; /* bytes of an item */
    filch_radix_key_fn *key;
    /* Adds to counts[digit] for each item. Returns the bits in which the keys differ. */
    uint64_t (*count)(const void *items, size_t n, filch_radix_digit digit, size_t *counts,
                      void *context);
    /* Moves each item to to[places[digit]++]. */
    void (*scatter)(const void *items, size_t n, filch_radix_digit digit, void *to, size_t *places,
                    void *context);
    /* Sorts less than 2^32 items, into other if `there`, else in place. If a key panics, they
     * are back in place. */
    void (*cached)(void *items, void *other, size_t n, bool there, filch_radix_tables tables,
                   void *context);
} filch_radix_ops;

/* Bits of a digit that sorts in a cache, at most. */
#define FILCH_RADIX_MOST 12

enum {
    FL_RADIX_FEW = 16,    /* items that are sorted by insertion */
    FL_RADIX_RUN = 32,    /* the same for items with equal digits */
    FL_RADIX_SAMPLE = 32, /* keys that are sampled first */
    FL_RADIX_SURPLUS = 6  /* bits of both digits beyond those needed to number the items */
};

typedef struct fl_radix_of {
    size_t size;
    filch_radix_key_fn *key;
    void *context;
} fl_radix_of;

/* ---- Keys ---- */

FILCH_INLINE uint64_t fl_radix_key(const void *items, size_t at, fl_radix_of of)
{
    return of.key((const char *)items + at * of.size, of.context);
}

FILCH_INLINE void fl_radix_move(void *to, size_t place, const void *items, size_t at,
                                fl_radix_of of)
{
    __builtin_memcpy((char *)to + place * of.size, (const char *)items + at * of.size, of.size);
}

/* Returns the bits in which keys differ, as far as a sample shows. */
FILCH_INLINE uint64_t fl_radix_sample(const void *items, size_t n, fl_radix_of of)
{
    const size_t step = n / FL_RADIX_SAMPLE + 1;
    const uint64_t first = fl_radix_key(items, 0, of);
    uint64_t differing = 0;
    for (size_t i = step; i < n; i += step)
        differing |= fl_radix_key(items, i, of) ^ first;
    return differing;
}

/* ---- One distribution ---- */

FILCH_INLINE uint64_t fl_radix_count(const void *items, size_t n, filch_radix_digit digit,
                                     size_t *counts, fl_radix_of of)
{
    const uint64_t first = fl_radix_key(items, 0, of);
    uint64_t differing = 0;
    for (size_t i = 0; i < n; i++) {
        const uint64_t key = fl_radix_key(items, i, of);
        differing |= key ^ first;
        counts[fl_radix_digit_of(key, digit)]++;
    }
    return differing;
}

FILCH_INLINE void fl_radix_scatter(const void *items, size_t n, filch_radix_digit digit, void *to,
                                   size_t *places, fl_radix_of of)
{
    for (size_t i = 0; i < n; i++) {
        const size_t value = fl_radix_digit_of(fl_radix_key(items, i, of), digit);
        fl_radix_move(to, places[value]++, items, i, of);
    }
}

/* ---- The whole sort, in a cache ---- */

/* For two items or more: are they sorted already, or in strictly reverse order? */
typedef enum fl_radix_order { FL_RADIX_MIXED, FL_RADIX_RISING, FL_RADIX_FALLING } fl_radix_order;

FILCH_INLINE fl_radix_order fl_radix_order_of(const void *items, size_t n, fl_radix_of of)
{
    uint64_t last = fl_radix_key(items, 1, of);
    const bool falling = last < fl_radix_key(items, 0, of);
    for (size_t i = 2; i < n; i++) {
        const uint64_t key = fl_radix_key(items, i, of);
        if ((key < last) != falling)
            return FL_RADIX_MIXED;
        last = key;
    }
    return falling ? FL_RADIX_FALLING : FL_RADIX_RISING;
}

FILCH_INLINE void fl_radix_reverse(const void *items, size_t n, void *to, fl_radix_of of)
{
    for (size_t i = 0; i < n; i++)
        fl_radix_move(to, n - 1 - i, items, i, of);
}

/* Inserts each item at its place in `to`. */
FILCH_INLINE void fl_radix_insert(const void *items, size_t n, void *to, fl_radix_of of)
{
    for (size_t i = 0; i < n; i++) {
        const uint64_t key = fl_radix_key(items, i, of);
        size_t place = i;
        for (; place > 0 && fl_radix_key(to, place - 1, of) > key; place--)
            fl_radix_move(to, place, to, place - 1, of);
        fl_radix_move(to, place, items, i, of);
    }
}

/* Two neighbouring digits; `first` has no bits if the last one is enough. */
typedef struct fl_radix_plan {
    filch_radix_digit first, last;
} fl_radix_plan;

/* Returns the bits of each digit for n items whose keys do not lie close together. */
FILCH_INLINE unsigned fl_radix_bits(size_t n, unsigned most)
{
    const unsigned bits = (fl_radix_width(n) + FL_RADIX_SURPLUS) / 2;
    return bits < most ? bits : most;
}

/* For keys that differ in `differing`. A digit may be a little larger if it then covers all. */
FILCH_INLINE fl_radix_plan fl_radix_plan_for(uint64_t differing, size_t n, unsigned most)
{
    const unsigned end = fl_radix_width(differing);
    const unsigned range = end ? end - (unsigned)__builtin_ctzll(differing) : 1;
    unsigned bits = fl_radix_bits(n, most);
    if (range <= 2 * bits + 4)
        bits = (range + 1) / 2 < most ? (range + 1) / 2 : most;
    unsigned both = range < 2 * bits ? range : 2 * bits;
    const bool one = both <= fl_radix_bits(n, most) + 1 && both <= most;
    fl_radix_plan plan;
    plan.first.bits = one ? 0 : both / 2;
    plan.last.bits = both - plan.first.bits;
    plan.last.shift = end ? end - both : 0;
    plan.first.shift = one ? 0 : plan.last.shift + plan.last.bits;
    return plan;
}

/* Is it a good plan? It is correct if no keys differ beyond its end. */
FILCH_INLINE bool fl_radix_plan_fits(fl_radix_plan plan, uint64_t differing)
{
    const unsigned end = plan.last.shift + plan.last.bits + plan.first.bits;
    const unsigned found = fl_radix_width(differing);
    return found <= end && found + 2 >= end;
}

/* Counts both digits: those of the last one come first in counts. Meanwhile it prefetches
 * `other`, whose lines are soon written in random order. */
FILCH_INLINE uint64_t fl_radix_count_both(const void *items, const void *other, size_t n,
                                          fl_radix_plan plan, uint32_t *counts, fl_radix_of of)
{
    uint32_t *of_first = counts + ((size_t)1 << plan.last.bits);
    const uint64_t like = fl_radix_key(items, 0, of);
    uint64_t differing = 0;
    __builtin_memset(counts, 0, sizeof *counts << plan.last.bits);
    if (!plan.first.bits) {
        for (size_t i = 0; i < n; i++) {
            const uint64_t key = fl_radix_key(items, i, of);
            differing |= key ^ like;
            counts[fl_radix_digit_of(key, plan.last)]++;
            __builtin_prefetch((const char *)other + i * of.size, 1);
        }
        return differing;
    }
    __builtin_memset(of_first, 0, sizeof *counts << plan.first.bits);
    for (size_t i = 0; i < n; i++) {
        const uint64_t key = fl_radix_key(items, i, of);
        differing |= key ^ like;
        counts[fl_radix_digit_of(key, plan.last)]++;
        of_first[fl_radix_digit_of(key, plan.first)]++;
        __builtin_prefetch((const char *)other + i * of.size, 1);
    }
    return differing;
}

/* One pass, by the counts of its digit. */
FILCH_INLINE void fl_radix_pass(const void *items, size_t n, filch_radix_digit digit,
                                uint32_t *counts, void *to, fl_radix_of of)
{
    uint32_t sum = 0;
    for (size_t d = 0; d < (size_t)1 << digit.bits; d++) {
        const uint32_t count = counts[d];
        counts[d] = sum;
        sum += count;
    }
    for (size_t i = 0; i < n; i++) {
        const size_t value = fl_radix_digit_of(fl_radix_key(items, i, of), digit);
        fl_radix_move(to, counts[value]++, items, i, of);
    }
}

/* The arguments with which fl_radix_cached calls itself. */
typedef struct fl_radix_again {
    void (*cached)(void *items, void *other, size_t n, bool there, filch_radix_tables tables,
                   void *context);
    filch_radix_tables tables;
    void *context;
} fl_radix_again;

/* For items sorted by the bits from `shift` up: sorts the runs that agree there. */
FILCH_INLINE void fl_radix_finish(void *items, void *other, size_t n, unsigned shift,
                                  fl_radix_again again, fl_radix_of of)
{
    uint64_t last = fl_radix_key(items, 0, of) >> shift;
    for (size_t i = 1; i < n; i++) {
        const uint64_t key = fl_radix_key(items, i, of) >> shift;
        if (FILCH_LIKELY(key != last)) {
            last = key;
            continue;
        }
        size_t end = i + 1;
        while (end < n && fl_radix_key(items, end, of) >> shift == last)
            end++;
        void *run = (char *)items + (i - 1) * of.size;
        const size_t some = end - (i - 1);
        if (some <= FL_RADIX_RUN) {
            fl_undo copied;
            __builtin_memcpy(other, run, some * of.size);
            fl_undo_begin(again.tables.undos, &copied, (char *)run, (char *)other, some * of.size);
            fl_radix_insert(other, some, run, of);
            fl_undo_end(again.tables.undos, &copied);
        } else {
            again.cached(run, other, some, false, again.tables, again.context);
        }
        i = end - 1; /* the next one is of another run */
    }
}

FILCH_INLINE void fl_radix_swap(void **a, void **b)
{
    void *swap = *a;
    *a = *b;
    *b = swap;
}

/* Sorts few items, or items that are in order, into other if `there`. Returns false if they are
 * neither; nothing was done. */
FILCH_INLINE bool fl_radix_easily(void *items, void *other, size_t n, bool there, fl_radix_of of)
{
    fl_radix_order order = FL_RADIX_FALLING;
    if (n <= FL_RADIX_FEW) {
        fl_radix_insert(items, n, other, of);
    } else {
        order = fl_radix_order_of(items, n, of);
        if (order == FL_RADIX_MIXED)
            return false;
        if (order == FL_RADIX_FALLING)
            fl_radix_reverse(items, n, other, of);
    }
    if ((order == FL_RADIX_FALLING) != there)
        __builtin_memcpy(there ? other : items, there ? items : other, n * of.size);
    return true;
}

FILCH_INLINE void fl_radix_cached(void *items, void *other, size_t n, bool there,
                                  fl_radix_again again, fl_radix_of of)
{
    if (fl_radix_easily(items, other, n, there, of))
        return;
    const filch_radix_tables tables = again.tables;
    fl_radix_plan plan = fl_radix_plan_for(fl_radix_sample(items, n, of), n, tables.bits);
    const uint64_t differing = fl_radix_count_both(items, other, n, plan, tables.counts, of);
    if (!fl_radix_plan_fits(plan, differing)) {
        plan = fl_radix_plan_for(differing, n, tables.bits);
        fl_radix_count_both(items, other, n, plan, tables.counts, of);
    }
    void *from = items, *to = other;
    fl_undo passed;
    fl_undo_begin(tables.undos, &passed, (char *)items, (char *)other, 0);
    for (int pass = 0; pass < 2; pass++) {
        const filch_radix_digit digit = pass ? plan.first : plan.last;
        if (!fl_radix_digit_of(differing, digit))
            continue;
        uint32_t *counts = tables.counts + (pass ? (size_t)1 << plan.last.bits : 0);
        fl_radix_pass(from, n, digit, counts, to, of);
        fl_radix_swap(&from, &to);
        passed.second = (char *)other + (from == other ? n * of.size : 0);
    }
    if (from != (there ? other : items)) {
        __builtin_memcpy(to, from, n * of.size);
        fl_radix_swap(&from, &to);
        passed.second = (char *)other + (there ? n * of.size : 0);
    }
    if (differing & fl_radix_below(plan.last.shift))
        fl_radix_finish(from, to, n, plan.last.shift, again, of);
    fl_undo_end(tables.undos, &passed);
}

/* ---- For a type ---- */

/* Defines name_radix_ops for items with that key, a filch_radix_key_fn. Their size is a constant;
 * for 0 it is the expression `size_of`, which may use fl_context. The key gets a copy of the
 * context, a `type`: one that the compiler may keep in registers. */
/* clang-format off */
#define FL_RADIX_OPS(own, size, size_of, key, type)                                                \
    static uint64_t own##radix_count(const void *fl_items, size_t fl_n,                            \
                                       filch_radix_digit fl_digit, size_t *fl_counts,              \
                                       void *fl_context)                                           \
    {                                                                                              \
        FL_RADIX_OF(size_of, key, type)                                                            \
        return fl_radix_count(fl_items, fl_n, fl_digit, fl_counts, fl_of);                         \
    }                                                                                              \
    static void own##radix_scatter(const void *fl_items, size_t fl_n,                              \
                                     filch_radix_digit fl_digit, void *fl_to, size_t *fl_places,   \
                                     void *fl_context)                                             \
    {                                                                                              \
        FL_RADIX_OF(size_of, key, type)                                                            \
        fl_radix_scatter(fl_items, fl_n, fl_digit, fl_to, fl_places, fl_of);                       \
    }                                                                                              \
    static void own##radix_cached(void *fl_items, void *fl_other, size_t fl_n, bool fl_there,      \
                                    filch_radix_tables fl_tables, void *fl_context)                \
    {                                                                                              \
        FL_RADIX_OF(size_of, key, type)                                                            \
        const fl_radix_again fl_again = {own##radix_cached, fl_tables, fl_context};                \
        fl_radix_cached(fl_items, fl_other, fl_n, fl_there, fl_again, fl_of);                      \
    }                                                                                              \
    static const filch_radix_ops own##radix_ops = {size, key, own##radix_count,                    \
                                                     own##radix_scatter, own##radix_cached};
#define FL_RADIX_OF(size_of, key, type)                                                            \
    type fl_copy = *(type *)fl_context;                                                            \
    fl_radix_of fl_of = {size_of, key, &fl_copy};
/* clang-format on */

#include <filch/detail/show_words.h>
#endif
