/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Merging of two sorted lists by one thread, inlined by FILCH_MERGE, FILCH_SORT_STABLE and the
 * plain functions. For readers, and for authors of other merges; callers want <filch/sort.h>.
 *
 * The next item comes from either list with equal chance, so nothing branches on it; the
 * remaining delay is the loads, each of which needs the comparison before it. Therefore four
 * merges run side by side. The output is cut in the middle (fl_merge_split), and each half is
 * merged from both its ends until one of the lists could run out (after quadsort's parity merge,
 * I. van den Hoven). While no list can run out, the loop needs no other test.
 *
 * Ties: items of a go first, so that a merge is stable.
 * Bounds: the comparison is not trusted. Each loop takes at most as many items from a side as
 * there are. With an inconsistent order the two ends of a half may pass each other; then the
 * merge is repeated in a way that has only one end.
 * Names: a is the first list, b the second; `order` as in <filch/detail/order.h>. */
#ifndef FILCH_MERGE_CORE_H
#define FILCH_MERGE_CORE_H
#include <filch/detail/hide_words.h>

#include <filch/detail/order.h>

/* The functions of a typed merge that the library's drivers need; called for thousands of items
 * at once. */
typedef struct filch_merge_ops {
    size_t size; /* bytes of an item */
    /* Merges both lists, neither empty, into out. */
    void (*merge)(const void *a, size_t a_count, const void *b, size_t b_count, void *out,
                  void *context);
    /* How many of the first `count` merged items come from a? */
    size_t (*split)(const void *a, size_t a_count, const void *b, size_t b_count, size_t count,
                    void *context);
} filch_merge_ops;

/* The position of a merge: the next items (from the front) or the ends of the rest (from the
 * back), and the same for its output. */
typedef struct fl_ends {
    const char *a, *b;
    char *out;
} fl_ends;

/* Without a branch, which gcc might generate for a conditional expression. */
FILCH_INLINE const char *fl_pick(bool which, const char *yes, const char *no)
{
    uintptr_t both = (uintptr_t)yes ^ (uintptr_t)no;
    return (const char *)((uintptr_t)no ^ (both & ((uintptr_t)0 - which)));
}

/* Copies one of two items. Both small ones are in registers after the comparison: a conditional
 * move between them saves a load. */
FILCH_INLINE void fl_item_pick(char *out, bool which, const char *yes, const char *no,
                               filch_ordering order)
{
    if (order.size == 4) {
        uint32_t is, other;
        __builtin_memcpy(&is, yes, 4);
        __builtin_memcpy(&other, no, 4);
        is = which ? is : other;
        __builtin_memcpy(out, &is, 4);
    } else if (order.size == 8) {
        uint64_t is, other;
        __builtin_memcpy(&is, yes, 8);
        __builtin_memcpy(&other, no, 8);
        is = which ? is : other;
        __builtin_memcpy(out, &is, 8);
    } else {
        fl_item_move(out, fl_pick(which, yes, no), order);
    }
}

FILCH_INLINE void fl_merge_front(fl_ends *at, filch_ordering order)
{
    bool b_first = fl_item_less(at->b, at->a, order);
    size_t b_step = b_first * order.size;
    fl_item_pick(at->out, b_first, at->b, at->a, order);
    at->out += order.size;
    at->a += order.size - b_step;
    at->b += b_step;
}

FILCH_INLINE void fl_merge_back(fl_ends *at, filch_ordering order)
{
    const char *a = at->a - order.size, *b = at->b - order.size;
    bool a_last = fl_item_less(b, a, order);
    size_t a_step = a_last * order.size;
    at->out -= order.size;
    fl_item_pick(at->out, a_last, a, b, order);
    at->a -= a_step;
    at->b -= order.size - a_step;
}

FILCH_INLINE fl_ends fl_merge_ends(const char *a, const char *b, char *out)
{
    fl_ends ends = {a, b, out};
    return ends;
}

/* Returns how many of the first `count` items of the output come from a: enough that no
 * remaining item of a goes before an item taken from b. */
FILCH_INLINE size_t fl_merge_split(const char *a, size_t a_count, const char *b, size_t b_count,
                                   size_t count, filch_ordering order)
{
    size_t least = count > b_count ? count - b_count : 0;
    size_t most = count < a_count ? count : a_count;
    while (least < most) {
        size_t middle = least + (most - least) / 2;
        if (fl_item_less(b + (count - 1 - middle) * order.size, a + middle * order.size, order))
            most = middle;
        else
            least = middle + 1;
    }
    return least;
}

/* Returns how many of the sorted items go before `item`. `ties`: equal ones, too. */
FILCH_INLINE size_t fl_merge_before(const char *items, size_t count, const char *item, bool ties,
                                    filch_ordering order)
{
    size_t least = 0;
    while (least < count) {
        size_t middle = least + (count - least) / 2;
        const char *other = items + middle * order.size;
        if (ties ? !fl_item_less(item, other, order) : fl_item_less(other, item, order))
            least = middle + 1;
        else
            count = middle;
    }
    return least;
}

FILCH_INLINE void fl_merge_copy(char **out, const char **from, size_t bytes)
{
    __builtin_memcpy(*out, *from, bytes);
    *out += bytes;
    *from += bytes;
}

/* Merges the gap between two ends: looks for the place of each item of the shorter list. Good if
 * that is short. */
FILCH_INLINE void fl_merge_rest(fl_ends at, fl_ends end, filch_ordering order)
{
    while (at.a < end.a && at.b < end.b) {
        size_t a_count = (size_t)(end.a - at.a) / order.size;
        size_t b_count = (size_t)(end.b - at.b) / order.size;
        if (a_count < b_count) {
            size_t before = fl_merge_before(at.b, b_count, at.a, false, order);
            fl_merge_copy(&at.out, &at.b, before * order.size);
            fl_merge_copy(&at.out, &at.a, order.size);
        } else {
            size_t before = fl_merge_before(at.a, a_count, at.b, true, order);
            fl_merge_copy(&at.out, &at.a, before * order.size);
            fl_merge_copy(&at.out, &at.b, order.size);
        }
    }
    fl_merge_copy(&at.out, &at.a, (size_t)(end.a - at.a));
    fl_merge_copy(&at.out, &at.b, (size_t)(end.b - at.b));
}

/* Returns the number of steps that are safe from both ends of a gap for any result of the
 * comparison: no list runs out, so the output has room. Negative: the ends have passed each
 * other. */
FILCH_INLINE ptrdiff_t fl_merge_safe(fl_ends at, fl_ends end, filch_ordering order)
{
    ptrdiff_t a = end.a - at.a, b = end.b - at.b;
    return (a < b ? a : b) / (ptrdiff_t)order.size;
}

/* Merges the gap between two ends, from both. false: they have passed each other. */
FILCH_INLINE bool fl_merge_meet(fl_ends at, fl_ends end, filch_ordering order)
{
    enum { FEW = 4 };
    ptrdiff_t steps;
    while ((steps = fl_merge_safe(at, end, order)) >= FEW)
        for (; steps; steps--) {
            fl_merge_front(&at, order);
            fl_merge_back(&end, order);
        }
    if (at.a > end.a || at.b > end.b)
        return false;
    fl_merge_rest(at, end, order);
    return true;
}

/* The same for two such gaps at once: [low, low_end) and [high, high_end). */
FILCH_INLINE bool fl_merge_meet_twice(fl_ends low, fl_ends low_end, fl_ends high, fl_ends high_end,
                                      filch_ordering order)
{
    enum { FEW = 8 };
    for (;;) {
        ptrdiff_t steps = fl_merge_safe(low, low_end, order);
        ptrdiff_t others = fl_merge_safe(high, high_end, order);
        steps = steps < others ? steps : others;
        if (steps < FEW)
            break;
        for (; steps; steps--) {
            fl_merge_front(&low, order);
            fl_merge_back(&low_end, order);
            fl_merge_front(&high, order);
            fl_merge_back(&high_end, order);
        }
    }
    return fl_merge_meet(low, low_end, order) && fl_merge_meet(high, high_end, order);
}

/* Merges two lists, neither empty. If one list goes entirely before the other, they are only
 * copied; so are long parts of a list that is much longer than the other. */
FILCH_INLINE void fl_merge_items(const char *a, size_t a_count, const char *b, size_t b_count,
                                 char *out, filch_ordering order)
{
    size_t a_bytes = a_count * order.size, b_bytes = b_count * order.size;
    fl_ends begin = fl_merge_ends(a, b, out);
    fl_ends end = fl_merge_ends(a + a_bytes, b + b_bytes, out + a_bytes + b_bytes);
    if (!fl_item_less(b, end.a - order.size, order)) {
        fl_merge_copy(&out, &a, a_bytes);
        fl_merge_copy(&out, &b, b_bytes);
    } else if (fl_item_less(end.b - order.size, a, order)) {
        fl_merge_copy(&out, &b, b_bytes);
        fl_merge_copy(&out, &a, a_bytes);
    } else if (a_count / 128 > b_count || b_count / 128 > a_count) {
        fl_merge_rest(begin, end, order);
    } else {
        size_t half = (a_count + b_count) / 2;
        size_t of_a = fl_merge_split(a, a_count, b, b_count, half, order);
        fl_ends middle = fl_merge_ends(a + of_a * order.size, b + (half - of_a) * order.size,
                                       out + half * order.size);
        if (!fl_merge_meet_twice(begin, middle, middle, end, order))
            fl_merge_rest(begin, end, order);
    }
}

/* clang-format off */
/* The typed functions behind filch_merge_ops. name_context and name_less are those of FL_ORDER
 * with the same list, size is that of an item. */
#define FL_ORDER_HERE(own, size, ...)                                                              \
    FL_CONTEXT_UNPACK(own, __VA_ARGS__)                                                            \
    filch_ordering fl_order = {size, own##less, &fl_args};
#define FL_MERGE_FUNCTIONS(own, size, ...)                                                         \
    static void own##merge(const void *fl_a, size_t fl_a_count, const void *fl_b,                  \
                             size_t fl_b_count, void *fl_out, FILCH_UNUSED void *fl_context)       \
    {                                                                                              \
        FL_ORDER_HERE(own, size, __VA_ARGS__)                                                      \
        fl_merge_items((const char *)fl_a, fl_a_count, (const char *)fl_b, fl_b_count,             \
                       (char *)fl_out, fl_order);                                                  \
    }                                                                                              \
    static size_t own##split(const void *fl_a, size_t fl_a_count, const void *fl_b,                \
                               size_t fl_b_count, size_t fl_count, FILCH_UNUSED void *fl_context)  \
    {                                                                                              \
        FL_ORDER_HERE(own, size, __VA_ARGS__)                                                      \
        return fl_merge_split((const char *)fl_a, fl_a_count, (const char *)fl_b, fl_b_count,      \
                              fl_count, fl_order);                                                 \
    }
/* clang-format on */

#include <filch/detail/show_words.h>
#endif
