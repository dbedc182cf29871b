/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The comparing and moving parts of a stable sort, inlined by FILCH_SORT_STABLE and the plain
 * functions. For readers; callers want <filch/sort.h>. The sort that calls them, for some
 * dozens to thousands of items at once, is in runtime/par/sort_stable.c.
 *
 * All steps work between the array and a spare one of the same size. A partition writes the left
 * items to one of them and the right ones to the other, in order. One of the two is the array it
 * reads, and it never writes there beyond the items read. So nothing is copied back, and no
 * branch depends on a comparison. (The branchless stable partition is that of L. Bergdoll and O.
 * Peters, driftsort; alternating between two arrays is new here.) Few items are sorted in two
 * halves, each by a network of four or eight and insertion, and merged from both ends.
 *
 * Bounds: the comparison is not trusted: for any results of it, each item is kept once.
 * Panics: if a comparison panics, `items` holds each item once when `undos` have been worked off
 * (<filch/detail/undo.h>). */
#ifndef FILCH_STABLE_CORE_H
#define FILCH_STABLE_CORE_H
#include <filch/detail/hide_words.h>

#include <filch/detail/merge_core.h>
#include <filch/detail/undo.h>

/* The number of items sorted at once. */
enum { FL_STABLE_FEW = 20 };

/* The functions of a typed stable sort that the library's driver needs. `spare` has room for
 * count items; the result is in place, or there with to_spare. */
typedef struct filch_stable_ops {
    filch_merge_ops merge;
    /* Are the items sorted, or were they in strictly reverse order and are now reversed? */
    bool (*is_run)(void *items, size_t count, void *context);
    /* Sorts up to FL_STABLE_FEW items. */
    void (*few)(void *items, void *spare, size_t count, bool to_spare, fl_undos *undos,
                void *context);
    /* Partitions the items by one of them. Returns the number of left items, which go to the
     * beginning of the future result; the right ones go to the beginning of the other array.
     * *equal: the left items are all equal, and no right one is less. */
    size_t (*part)(void *items, void *spare, size_t count, bool to_spare, bool *equal,
                   fl_undos *undos, void *context);
} filch_stable_ops;

FILCH_INLINE bool fl_stable_is_run(char *items, size_t count, filch_ordering order)
{
    char *last = items + (count - 1) * order.size, *at = items;
    filch_item one;
    if (!fl_item_less(items + order.size, items, order)) {
        while (at < last && !fl_item_less(at + order.size, at, order))
            at += order.size;
        return at == last;
    }
    while (at < last && fl_item_less(at + order.size, at, order))
        at += order.size;
    if (at < last)
        return false;
    for (at = items; at < last; at += order.size, last -= order.size) {
        fl_item_move(&one, at, order);
        fl_item_move(at, last, order);
        fl_item_move(last, &one, order);
    }
    return true;
}

/* ---- Few items ---- */

/* Sorts four items with five comparisons: two pairs, the least and the greatest of all, and the
 * two between. In each comparison the earlier item is the second argument: ties stay. */
FILCH_INLINE void fl_stable_four(char *items, filch_ordering order)
{
    const size_t size = order.size;
    const char *v = items;
    bool swap1 = fl_item_less(v + size, v, order);
    bool swap2 = fl_item_less(v + 3 * size, v + 2 * size, order);
    const char *low1 = v + swap1 * size, *high1 = v + !swap1 * size;
    const char *low2 = v + (2 + swap2) * size, *high2 = v + (3 - swap2) * size;
    bool least2 = fl_item_less(low2, low1, order), most1 = fl_item_less(high2, high1, order);
    const char *left = fl_pick(least2, low1, fl_pick(most1, low2, high1));
    const char *right = fl_pick(most1, high2, fl_pick(least2, high1, low2));
    bool swap3 = fl_item_less(right, left, order);
    filch_item sorted[4];
    fl_item_move(&sorted[0], fl_pick(least2, low2, low1), order);
    fl_item_move(&sorted[1], fl_pick(swap3, right, left), order);
    fl_item_move(&sorted[2], fl_pick(swap3, left, right), order);
    fl_item_move(&sorted[3], fl_pick(most1, high1, high2), order);
    for (size_t i = 0; i < 4; i++)
        fl_item_move(items + i * size, &sorted[i], order);
}

/* Sorts eight items, all at most 16 bytes: two fours, merged from both ends. false: the
 * comparison is inconsistent, and the fours stay. */
FILCH_INLINE bool fl_stable_eight(char *items, filch_ordering order)
{
    const size_t four = 4 * order.size;
    char out[8 * 16] FILCH_ALIGNED(16);
    fl_ends at = fl_merge_ends(items, items + four, out);
    fl_ends end = fl_merge_ends(items + four, items + 2 * four, out + 2 * four);
    fl_stable_four(items, order);
    fl_stable_four(items + four, order);
    for (size_t i = 0; i < 4; i++) {
        fl_merge_front(&at, order);
        fl_merge_back(&end, order);
    }
    if (at.a != end.a)
        return false;
    __builtin_memcpy(items, out, 2 * four);
    return true;
}

/* The moving item is stored at each place that it reaches: the next comparison may panic. */
FILCH_INLINE void fl_stable_insert(char *items, size_t count, filch_ordering order)
{
    const size_t size = order.size;
    size_t sorted = 1;
    filch_item item;
    if (size <= 16 && count >= 8 && fl_stable_eight(items, order)) {
        sorted = 8;
    } else if (size <= 16 && count >= 4) {
        fl_stable_four(items, order);
        sorted = 4;
    }
    for (; sorted < count; sorted++) {
        char *at = items + sorted * size;
        fl_item_move(&item, at, order);
        for (; at > items && fl_item_less(&item, at - size, order); at -= size) {
            fl_item_move(at, at - size, order);
            fl_item_move(at - size, &item, order);
        }
    }
}

FILCH_INLINE void fl_stable_few(char *items, char *spare, size_t count, bool to_spare,
                                fl_undos *undos, filch_ordering order)
{
    char *from = to_spare ? items : spare, *out = to_spare ? spare : items;
    const size_t half = count / 2;
    fl_undo merged; /* nothing, where the items themselves are merged */
    char *middle = from + half * order.size;
    if (!to_spare)
        fl_items_copy(spare, items, count, order);
    fl_stable_insert(from, half, order);
    fl_stable_insert(middle, count - half, order);
    fl_undo_begin(undos, &merged, items, from, to_spare ? 0 : count * order.size);
    /* The second half may have one item more: a list that runs out does so in the last step. */
    fl_ends at = fl_merge_ends(from, middle, out);
    fl_ends end = fl_merge_ends(middle, from + count * order.size, out + count * order.size);
    for (size_t i = 0; i < half; i++) {
        fl_merge_front(&at, order);
        fl_merge_back(&end, order);
    }
    fl_undo_end(undos, &merged);
    if (at.a > end.a || at.b > end.b) {
        fl_items_copy(out, from, count, order);
        return;
    }
    fl_merge_copy(&at.out, &at.a, (size_t)(end.a - at.a));
    fl_merge_copy(&at.out, &at.b, (size_t)(end.b - at.b));
}

/* ---- Partition ---- */

FILCH_INLINE const char *fl_stable_median(const char *a, const char *b, const char *c,
                                          filch_ordering order)
{
    bool b_low = fl_item_less(b, a, order), c_low = fl_item_less(c, a, order);
    bool c_lower = fl_item_less(c, b, order);
    return fl_pick(b_low != c_low, a, fl_pick(b_low != c_lower, c, b));
}

/* Returns the median of three items, or for many items of three such medians. They are evenly
 * spread: in a repeating pattern, neighbours are not representative. */
FILCH_INLINE const char *fl_stable_pivot(const char *items, size_t count, filch_ordering order)
{
    const size_t step = count / 9 * order.size;
    const char *a = items + step, *b = a + 3 * step, *c = b + 3 * step;
    if (count >= 128) {
        a = fl_stable_median(a - step, a, a + step, order);
        b = fl_stable_median(b - step, b, b + step, order);
        c = fl_stable_median(c - step, c, c + step, order);
    }
    return fl_stable_median(a, b, c, order);
}

/* A small item is written to both arrays, and one of the two places is overwritten later; for a
 * large one a second copy would cost more than a branch. `ties`: items equal to the pivot go
 * left. `items` is low or high: items that went to the other one belong behind those that
 * stayed. */
FILCH_INLINE size_t fl_stable_part_by(const char *pivot, const char *items, size_t count, char *low,
                                      char *high, bool ties, fl_undos *undos, filch_ordering order)
{
    size_t left = 0;
    filch_item item;
    fl_undo gone;
    fl_undo_begin(undos, &gone, low, items == low ? high : low, 0);
    gone.second_is_to = items != low;
    for (size_t i = 0; i < count; i++) {
        const char *at = items + i * order.size;
        char *to_low = low + left * order.size, *to_high = high + (i - left) * order.size;
        gone.first = to_low;
        gone.second = to_high;
        bool is_left = ties ? !fl_item_less(pivot, at, order) : fl_item_less(at, pivot, order);
        if (order.size <= 16) {
            fl_item_move(&item, at, order);
            fl_item_move(to_low, &item, order);
            fl_item_move(to_high, &item, order);
        } else {
            fl_item_move((char *)(uintptr_t)fl_pick(is_left, to_low, to_high), at, order);
        }
        left += is_left;
    }
    fl_undo_end(undos, &gone);
    return left;
}

/* If no item is less than the pivot, separates its equals from the others, so that few different
 * values are sorted in as few passes. The first pass has left all items in `high`. */
FILCH_INLINE size_t fl_stable_part(char *items, char *spare, size_t count, bool to_spare,
                                   bool *equal, fl_undos *undos, filch_ordering order)
{
    char *low = to_spare ? spare : items, *high = to_spare ? items : spare;
    filch_item pivot;
    fl_item_move(&pivot, fl_stable_pivot(items, count, order), order);
    const char *by = (const char *)&pivot;
    size_t left = fl_stable_part_by(by, items, count, low, high, false, undos, order);
    *equal = left == 0;
    if (left)
        return left;
    fl_undo moved;
    fl_undo_begin(undos, &moved, items, high, to_spare ? 0 : count * order.size);
    left = fl_stable_part_by(by, high, count, low, high, true, undos, order);
    fl_undo_end(undos, &moved);
    return left;
}

/* clang-format off */
/* The typed functions behind filch_stable_ops, and their table; as FL_MERGE_FUNCTIONS. */
#define FL_STABLE_OPS(own, size, ...)                                                              \
    FL_MERGE_FUNCTIONS(own, size, __VA_ARGS__)                                                     \
    static bool own##is_run(void *fl_items, size_t fl_count, FILCH_UNUSED void *fl_context)        \
    {                                                                                              \
        FL_ORDER_HERE(own, size, __VA_ARGS__)                                                      \
        return fl_stable_is_run((char *)fl_items, fl_count, fl_order);                             \
    }                                                                                              \
    static void own##few(void *fl_items, void *fl_spare, size_t fl_count, bool fl_to_spare,        \
                           fl_undos *fl_list, FILCH_UNUSED void *fl_context)                       \
    {                                                                                              \
        FL_ORDER_HERE(own, size, __VA_ARGS__)                                                      \
        fl_stable_few((char *)fl_items, (char *)fl_spare, fl_count, fl_to_spare, fl_list,          \
                      fl_order);                                                                   \
    }                                                                                              \
    static size_t own##part(void *fl_items, void *fl_spare, size_t fl_count, bool fl_to_spare,     \
                              bool *fl_equal, fl_undos *fl_list, FILCH_UNUSED void *fl_context)    \
    {                                                                                              \
        FL_ORDER_HERE(own, size, __VA_ARGS__)                                                      \
        return fl_stable_part((char *)fl_items, (char *)fl_spare, fl_count, fl_to_spare, fl_equal, \
                              fl_list, fl_order);                                                  \
    }                                                                                              \
    static const filch_stable_ops own##stable_ops = {                                              \
        {sizeof(struct own##item), own##merge, own##split},                                        \
        own##is_run, own##few, own##part};
/* clang-format on */

#include <filch/detail/show_words.h>
#endif
