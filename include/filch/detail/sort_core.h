/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The serial core of the unstable sort. For readers, and for <filch/sort.h>, whose macro
 * generates a type's functions from it; machinery, not to be called by programs.
 *
 * Quicksort (Hoare 1961) with modern parts. Partitioning is branchless
 * (<filch/detail/sort_partition.h>); the pivot is a recursive median of three. A pivot that is
 * no greater than the item before its range separates its equals (Peters, pattern-defeating
 * quicksort, 2021), so that k different values take n log k. Heapsort (Williams 1964) takes over
 * after too many bad cuts (Musser, introsort, 1997): at most n log n. Few items are sorted by
 * <filch/detail/sort_small.h>. In place; the stack is O(log n).
 *
 * For any results of `less`, no step leaves the array, loses an item or fails to end. */
#ifndef FILCH_SORT_CORE_H
#define FILCH_SORT_CORE_H
#include <filch/detail/hide_words.h>

#include <filch/detail/sort_partition.h>
#include <filch/detail/sort_small.h>

/* The functions of a type; all but less are called for many items at once. context holds the
 * further arguments of `less`. */
typedef struct filch_sort_ops {
    size_t size; /* bytes of an item */
    filch_less_fn *less;
    /* Sorts n <= FL_FEW items. */
    void (*few)(void *items, size_t n, void *context);
    /* Sorts n items. None of them comes before *before, if that is not NULL; `bad` is the number
     * of bad cuts that led to them. */
    void (*serial)(void *items, size_t n, const void *before, unsigned bad, void *context);
    /* Moves the items that come before *pivot (not_after: that *pivot does not come before) to
     * the front; returns their number. *pivot is none of them. */
    size_t (*partition)(void *items, size_t n, const void *pivot, bool not_after, void *context);
    /* A likely median of three ranges of n items. */
    const void *(*median)(const void *a, const void *b, const void *c, size_t n, void *context);
    void (*heap)(void *items, size_t n, void *context);
    /* Sorts items that are one run, ascending or descending; false: they are not. */
    bool (*sorted)(void *items, size_t n, void *context);
} filch_sort_ops;

/* A range cut: [0, left) and [right, n) remain to be sorted. `before`: of the right part. */
typedef struct fl_cut {
    size_t left, right;
    const void *before;
    bool bad;
} fl_cut;

/* ---- Cuts ---- */

/* Selects one without a branch. */
FILCH_INLINE const void *fl_either(size_t other, const void *a, const void *b)
{
    return (const void *)((uintptr_t)a + (((uintptr_t)b - (uintptr_t)a) & -fl_hide(other)));
}

FILCH_INLINE const void *fl_median3(const void *a, const void *b, const void *c,
                                    filch_ordering order)
{
    const bool ab = fl_item_less(a, b, order), bc = fl_item_less(b, c, order);
    return fl_either(ab == bc, fl_either(ab == fl_item_less(a, c, order), a, c), b);
}

/* Of a range of n items: of three of them, or of three ranges. */
FILCH_INLINE const void *fl_median_near(const void *a, size_t n, filch_ordering order)
{
    return fl_median3(a, fl_item_in(a, n / 8 * 4, order), fl_item_in(a, n / 8 * 7, order), order);
}

FILCH_INLINE const void *fl_median_far(const void *a, size_t n, filch_ordering order,
                                       const filch_sort_ops *ops, void *context)
{
    return ops->median(a, fl_item_in(a, n / 8 * 4, order), fl_item_in(a, n / 8 * 7, order), n / 8,
                       context);
}

FILCH_INLINE const void *fl_median(const void *a, const void *b, const void *c, size_t n,
                                   filch_ordering order, const filch_sort_ops *ops, void *context)
{
    if (n >= 64) {
        a = fl_median_far(a, n, order, ops, context);
        b = fl_median_far(b, n, order, ops, context);
        c = fl_median_far(c, n, order, ops, context);
    } else if (n >= 8) {
        a = fl_median_near(a, n, order);
        b = fl_median_near(b, n, order);
        c = fl_median_near(c, n, order);
    }
    return fl_median3(a, b, c, order);
}

/* Moves a pivot to the front. Returns whether it equals `before`. After a bad cut its place is
 * unpredictable, because it depends on the array's address: input built to be bad for this sort
 * expects the usual places. */
FILCH_INLINE bool fl_pivot(char *items, size_t n, const void *before, unsigned bad,
                           filch_ordering order, const filch_sort_ops *ops, void *context)
{
    size_t looked_at = n, start = 0;
    if (FILCH_UNLIKELY(bad)) {
        const uint64_t seed = ((uintptr_t)items ^ n) + bad;
        looked_at = n / 2;
        start = (size_t)((seed * UINT64_C(0x9e3779b97f4a7c15)) >> 16) % (n - looked_at);
    }
    const void *pivot = fl_median_far(items + start * order.size, looked_at, order, ops, context);
    fl_item_swap(items, (void *)(uintptr_t)pivot, order);
    return before && !fl_item_less(before, items, order);
}

/* Returns the rest to sort when the pivot is at the front and `first` of the others follow it. */
FILCH_INLINE fl_cut fl_cut_at(char *items, size_t n, size_t first, bool equal, filch_ordering order)
{
    fl_cut cut;
    if (equal) {
        cut.left = 0;
        cut.right = first + 1;
        cut.before = NULL;
        cut.bad = cut.right < n / 8;
        return cut;
    }
    fl_item_swap(items, items + first * order.size, order);
    cut.left = first;
    cut.right = first + 1;
    cut.before = items + first * order.size;
    cut.bad = cut.left < n / 8 || n - cut.right < n / 8;
    return cut;
}

/* ---- Sorting ---- */

enum { FL_BAD_MOST = 16 };

FILCH_INLINE void fl_sort_serial(char *items, size_t n, const void *before, unsigned bad,
                                 filch_ordering order, const filch_sort_ops *ops, void *context)
{
    while (n > FL_FEW) {
        if (bad > FL_BAD_MOST) {
            ops->heap(items, n, context);
            return;
        }
        const bool equal = fl_pivot(items, n, before, bad, order, ops, context);
        const size_t first = ops->partition(items + order.size, n - 1, items, equal, context);
        const fl_cut cut = fl_cut_at(items, n, first, equal, order);
        char *const right = items + cut.right * order.size;
        bad += cut.bad;
        if (cut.left < n - cut.right) { /* the shorter part first: the stack stays short */
            if (cut.left > 1)
                ops->serial(items, cut.left, before, bad, context);
            items = right;
            n -= cut.right;
            before = cut.before;
        } else {
            if (n - cut.right > 1)
                ops->serial(right, n - cut.right, cut.before, bad, context);
            n = cut.left;
        }
    }
    ops->few(items, n, context);
}

/* The sinking item changes places with each child that rises above it: the array holds it while
 * `less` runs. */
FILCH_INLINE void fl_sift(char *items, size_t at, size_t n, filch_ordering order)
{
    const size_t size = order.size;
    for (size_t child; (child = 2 * at + 1) < n; at = child) {
        if (child + 1 < n && fl_item_less(items + child * size, items + (child + 1) * size, order))
            child++;
        if (!fl_item_less(items + at * size, items + child * size, order))
            break;
        fl_item_swap(items + at * size, items + child * size, order);
    }
}

FILCH_INLINE void fl_sort_heap(char *items, size_t n, filch_ordering order)
{
    for (size_t i = n + n / 2; i-- > 1;) {
        if (i < n)
            fl_item_swap(items, items + i * order.size, order);
        fl_sift(items, i < n ? 0 : i - n, i < n ? i : n, order);
    }
}

FILCH_INLINE size_t fl_run(const void *items, size_t n, bool *descending, filch_ordering order)
{
    if (n < 2)
        return n;
    const bool down = fl_item_less(fl_item_in(items, 1, order), items, order);
    size_t i = 2;
    while (i < n && fl_item_less(fl_item_in(items, i, order), fl_item_in(items, i - 1, order),
                                 order) == down)
        i++;
    *descending = down;
    return i;
}

FILCH_INLINE void fl_reverse(char *items, size_t n, filch_ordering order)
{
    if (n < 2)
        return;
    char *last = items + (n - 1) * order.size;
    for (; items < last; items += order.size, last -= order.size)
        fl_item_swap(items, last, order);
}

/* Sorts items, if they are one run; false: they are not. */
FILCH_INLINE bool fl_sorted(char *items, size_t n, filch_ordering order)
{
    bool descending = false;
    if (fl_run(items, n, &descending, order) < n)
        return false;
    if (descending)
        fl_reverse(items, n, order);
    return true;
}

/* clang-format off */
/* The functions of a type, and their table name_ops. `order` declares fl_order, of what fl_context
 * points to. None is inlined: together they would not fit a processor's registers. */
#define FL_SORT_OPS(own, order, size, less)                                                        \
    static void own##serial(void *, size_t, const void *, unsigned, void *);                       \
    static const void *own##median(const void *, const void *, const void *, size_t, void *);      \
    FL_SORT_OP void own##few(void *fl_items, size_t fl_n, void *fl_context)                        \
    {                                                                                              \
        order                                                                                      \
        fl_sort_few(fl_items, fl_n, fl_order);                                                     \
    }                                                                                              \
    FL_SORT_OP size_t own##partition(void *fl_items, size_t fl_n, const void *fl_by,               \
                                       bool fl_not_after, void *fl_context)                        \
    {                                                                                              \
        order                                                                                      \
        return fl_not_after ? fl_partition(fl_items, fl_n, fl_by, true, fl_order)                  \
                            : fl_partition(fl_items, fl_n, fl_by, false, fl_order);                \
    }                                                                                              \
    FL_SORT_OP void own##heap(void *fl_items, size_t fl_n, void *fl_context)                       \
    {                                                                                              \
        order                                                                                      \
        fl_sort_heap((char *)fl_items, fl_n, fl_order);                                            \
    }                                                                                              \
    FL_SORT_OP bool own##sorted(void *fl_items, size_t fl_n, void *fl_context)                     \
    {                                                                                              \
        order                                                                                      \
        return fl_sorted((char *)fl_items, fl_n, fl_order);                                        \
    }                                                                                              \
    FILCH_UNUSED static const filch_sort_ops own##ops = {                                          \
        size, less, own##few, own##serial, own##partition, own##median, own##heap,                 \
        own##sorted};                                                                              \
    FL_SORT_OP const void *own##median(const void *fl_a, const void *fl_b, const void *fl_c,       \
                                         size_t fl_n, void *fl_context)                            \
    {                                                                                              \
        order                                                                                      \
        return fl_median(fl_a, fl_b, fl_c, fl_n, fl_order, &own##ops, fl_context);                 \
    }                                                                                              \
    FL_SORT_OP void own##serial(void *fl_items, size_t fl_n, const void *fl_before,                \
                                  unsigned fl_bad, void *fl_context)                               \
    {                                                                                              \
        order                                                                                      \
        fl_sort_serial((char *)fl_items, fl_n, fl_before, fl_bad, fl_order, &own##ops,             \
                       fl_context);                                                                \
    }
#define FL_SORT_OP FILCH_UNUSED __attribute__((__noinline__)) static
/* clang-format on */

#include <filch/detail/show_words.h>
#endif
