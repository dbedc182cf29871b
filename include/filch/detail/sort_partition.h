/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Partitioning: moves items that come before a pivot to the front. For
 * <filch/detail/sort_core.h>; machinery, not to be called by programs.
 *
 * No branch depends on the items. Cheap items use Lomuto's scheme with a gap that moves instead
 * of swaps (Peters and Bergdoll, 2023). Items that are costly to move use blocks of offsets of
 * the misplaced items (Edelkamp and Weiss, BlockQuicksort, ESA 2016). For any results of `less`,
 * no step leaves the array or loses an item. */
#ifndef FILCH_SORT_PARTITION_H
#define FILCH_SORT_PARTITION_H
#include <filch/detail/hide_words.h>

#include <filch/detail/order.h>

FILCH_INLINE void fl_item_swap(void *a, void *b, filch_ordering order)
{
    filch_item item;
    fl_item_move(&item, a, order);
    fl_item_move(a, b, order);
    fl_item_move(b, &item, order);
}

FILCH_INLINE size_t fl_least(size_t a, size_t b)
{
    return a < b ? a : b;
}

FILCH_INLINE size_t fl_goes_first(const void *item, const void *pivot, bool not_after,
                                  filch_ordering order)
{
    return not_after ? !fl_item_less(pivot, item, order) : fl_item_less(item, pivot, order);
}

/* Places one item: [0, left) goes first, [left, item) does not. The item changes places with the
 * one at `left` either way: no branch depends on it, and while `less` runs, all items are in the
 * array. The exchange is in registers: compilers put copies of three words and more on the
 * stack. Its old place is stored first: the next call loads from `left`, so the other order made
 * sorts of 16 and more bytes a third slower (Zen 5). */
FILCH_INLINE size_t fl_lomuto(char *items, size_t left, char *item, const void *pivot,
                              bool not_after, filch_ordering order)
{
    typedef uint64_t lanes __attribute__((vector_size(16)));
    const size_t first = fl_goes_first(item, pivot, not_after, order);
    const size_t head = order.size < sizeof(lanes) ? order.size : sizeof(lanes);
    const size_t tail = order.size - head;
    char *const border = items + left * order.size;
    lanes head1, tail1, head2, tail2;
    __builtin_memcpy(&head1, border, head);
    __builtin_memcpy(&tail1, border + head, tail);
    __builtin_memcpy(&head2, item, head);
    __builtin_memcpy(&tail2, item + head, tail);
    __builtin_memcpy(item, &head1, head);
    __builtin_memcpy(item + head, &tail1, tail);
    __builtin_memcpy(border, &head2, head);
    __builtin_memcpy(border + head, &tail2, tail);
    return left + first;
}

FILCH_INLINE size_t fl_partition_small(char *items, size_t n, const void *pivot, bool not_after,
                                       filch_ordering order)
{
    const size_t size = order.size;
    char *item = items, *const end = items + n * size;
    size_t left = 0;
    for (; (size_t)(end - item) >= 4 * size; item += 4 * size) {
        left = fl_lomuto(items, left, item, pivot, not_after, order);
        left = fl_lomuto(items, left, item + size, pivot, not_after, order);
        left = fl_lomuto(items, left, item + 2 * size, pivot, not_after, order);
        left = fl_lomuto(items, left, item + 3 * size, pivot, not_after, order);
    }
    for (; item < end; item += size)
        left = fl_lomuto(items, left, item, pivot, not_after, order);
    return left;
}

enum { FL_BLOCK = 64 };

/* The items of a block that are on the wrong side. */
typedef struct fl_side {
    size_t length, begin, end;
    unsigned char wrong[FL_BLOCK];
} fl_side;

FILCH_INLINE void fl_look(fl_side *side, const char *at, ptrdiff_t step, size_t length,
                          size_t wrong_if, const void *pivot, bool not_after, filch_ordering order)
{
    side->begin = side->end = 0;
    side->length = length;
    for (size_t i = 0; i < length; i++, at += step) {
        if (order.size > 128) /* processors predict shorter steps */
            __builtin_prefetch((const void *)((uintptr_t)at + (uintptr_t)step * 8));
        side->wrong[side->end] = (unsigned char)i;
        side->end += fl_goes_first(at, pivot, not_after, order) ^ wrong_if ^ 1;
    }
}

/* Exchanges the first misplaced items of both sides as one cycle: one move per item. */
FILCH_INLINE void fl_exchange(fl_side *l, fl_side *r, char *left, char *right, filch_ordering order)
{
    const size_t size = order.size, n = fl_least(l->end - l->begin, r->end - r->begin);
    if (n == 0)
        return;
    filch_item item;
    char *a = left + l->wrong[l->begin] * size, *b = right - (r->wrong[r->begin] + 1) * size;
    fl_item_move(&item, a, order);
    fl_item_move(a, b, order);
    for (size_t i = 1; i < n; i++) {
        a = left + l->wrong[l->begin + i] * size;
        fl_item_move(b, a, order);
        b = right - (r->wrong[r->begin + i] + 1) * size;
        fl_item_move(a, b, order);
    }
    fl_item_move(b, &item, order);
    l->begin += n;
    r->begin += n;
}

FILCH_INLINE size_t fl_partition_large(char *items, size_t n, const void *pivot, bool not_after,
                                       filch_ordering order)
{
    const size_t size = order.size;
    fl_side l = {0, 0, 0, {0}}, r = {0, 0, 0, {0}};
    char *left = items, *right = items + n * size;
    for (size_t unseen = n; unseen || (l.begin < l.end && r.begin < r.end);) {
        if (l.begin == l.end) {
            const size_t most = r.begin == r.end ? unseen / 2 : unseen;
            left += l.length * size;
            fl_look(&l, left, (ptrdiff_t)size, fl_least(most, FL_BLOCK), 0, pivot, not_after,
                    order);
            unseen -= l.length;
        }
        if (r.begin == r.end) {
            right -= r.length * size;
            fl_look(&r, right - size, -(ptrdiff_t)size, fl_least(unseen, FL_BLOCK), 1, pivot,
                    not_after, order);
            unseen -= r.length;
        }
        fl_exchange(&l, &r, left, right, order);
    }
    char *border = left + l.length * size;
    while (l.end > l.begin) {
        border -= size;
        fl_item_swap(left + l.wrong[--l.end] * size, border, order);
    }
    while (r.end > r.begin) {
        fl_item_swap(right - (r.wrong[--r.end] + 1) * size, border, order);
        border += size;
    }
    return (size_t)(border - items) / size;
}

FILCH_INLINE size_t fl_partition(void *items, size_t n, const void *pivot, bool not_after,
                                 filch_ordering order)
{
    enum { SMALL = 32 }; /* bytes: up to here two moves per item cost less than the offsets */
    filch_item copy;
    if (n == 0)
        return 0;
    fl_item_move(&copy, pivot, order);
    return __builtin_constant_p(order.size) && order.size <= SMALL
               ? fl_partition_small((char *)items, n, &copy, not_after, order)
               : fl_partition_large((char *)items, n, &copy, not_after, order);
}

#include <filch/detail/show_words.h>
#endif
