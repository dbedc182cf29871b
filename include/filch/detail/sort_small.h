/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Sorts a few items, at most FL_FEW, without a branch that depends on how they compare: such
 * branches are mispredicted half of the time, which is the main cost of sorting. For
 * <filch/detail/sort_core.h>; machinery, not to be called by programs.
 *
 * Parts of at most eight items are sorted by networks (the shortest known ones; Knuth, The Art
 * of Computer Programming 3, 5.3.4), in registers. Then neighbours are merged from both ends at
 * once (as in Peters' quadsort and the small sorts of Bergdoll's ipnsort), which needs no test
 * for an empty side. Items of 1, 2, 4 or 8 bytes are themselves the words of a network; for
 * other items it sorts addresses. `less` is only assumed to return. */
#ifndef FILCH_SORT_SMALL_H
#define FILCH_SORT_SMALL_H
#include <filch/detail/hide_words.h>

#include <filch/detail/order.h>

enum { FL_FEW = 32 };

/* Hides a number's range from the compiler: if it knows 0 and 1, it may branch on them. */
FILCH_INLINE size_t fl_hide(size_t number)
{
    __asm__("" : "+r"(number));
    return number;
}

/* 1: *a comes before *b; else 0. */
FILCH_INLINE size_t fl_item_before(const void *a, const void *b, filch_ordering order)
{
    return fl_hide(fl_item_less(a, b, order));
}

/* ---- Networks ---- */

/* clang-format off */
/* Exchanges two words that are out of order, by a hidden mask: compilers turn selections, and
 * some masks, into branches. */
#define FL_X(i, j)                                                                                 \
    {                                                                                              \
        const size_t fl_swap = -(size_t)order.less(&x##j, &x##i, order.context);                   \
        const word fl_change = (word)((x##i ^ x##j) & fl_hide(fl_swap));                           \
        x##i ^= fl_change;                                                                         \
        x##j ^= fl_change;                                                                         \
    }
#define FL_IN(i) word x##i; __builtin_memcpy(&x##i, words + i * sizeof(word), sizeof(word));
/* Compilers must not combine stores into a vector store: assembling the vector takes longer. */
#define FL_OUT(i)                                                                                  \
    __builtin_memcpy(words + i * sizeof(word), &x##i, sizeof(word)); __asm__("" : : : "memory");

#define FL_NETWORK(bits)                                                                           \
    FILCH_INLINE void fl_network_##bits(char *words, size_t n, filch_ordering order)               \
    {                                                                                              \
        typedef uint##bits##_t __attribute__((__may_alias__)) word;                                \
        switch (n) {                                                                               \
        case 1: { FL_IN(0) FL_OUT(0) break; }                                                      \
        case 2: { FL_IN(0) FL_IN(1) FL_X(0, 1) FL_OUT(0) FL_OUT(1) break; }                        \
        case 3: {                                                                                  \
            FL_IN(0) FL_IN(1) FL_IN(2)                                                             \
            FL_X(0, 2) FL_X(0, 1) FL_X(1, 2)                                                       \
            FL_OUT(0) FL_OUT(1) FL_OUT(2) break; }                                                 \
        case 4: {                                                                                  \
            FL_IN(0) FL_IN(1) FL_IN(2) FL_IN(3)                                                    \
            FL_X(0, 2) FL_X(1, 3) FL_X(0, 1) FL_X(2, 3) FL_X(1, 2)                                 \
            FL_OUT(0) FL_OUT(1) FL_OUT(2) FL_OUT(3) break; }                                       \
        case 5: {                                                                                  \
            FL_IN(0) FL_IN(1) FL_IN(2) FL_IN(3) FL_IN(4)                                           \
            FL_X(0, 3) FL_X(1, 4) FL_X(0, 2) FL_X(1, 3) FL_X(0, 1) FL_X(2, 4) FL_X(1, 2)           \
            FL_X(3, 4) FL_X(2, 3)                                                                  \
            FL_OUT(0) FL_OUT(1) FL_OUT(2) FL_OUT(3) FL_OUT(4) break; }                             \
        case 6: {                                                                                  \
            FL_IN(0) FL_IN(1) FL_IN(2) FL_IN(3) FL_IN(4) FL_IN(5)                                  \
            FL_X(0, 5) FL_X(1, 3) FL_X(2, 4) FL_X(1, 2) FL_X(3, 4) FL_X(0, 3) FL_X(2, 5)           \
            FL_X(0, 1) FL_X(2, 3) FL_X(4, 5) FL_X(1, 2) FL_X(3, 4)                                 \
            FL_OUT(0) FL_OUT(1) FL_OUT(2) FL_OUT(3) FL_OUT(4) FL_OUT(5) break; }                   \
        case 7: {                                                                                  \
            FL_IN(0) FL_IN(1) FL_IN(2) FL_IN(3) FL_IN(4) FL_IN(5) FL_IN(6)                         \
            FL_X(0, 6) FL_X(2, 3) FL_X(4, 5) FL_X(0, 2) FL_X(1, 4) FL_X(3, 6) FL_X(0, 1)           \
            FL_X(2, 5) FL_X(3, 4) FL_X(1, 2) FL_X(4, 6) FL_X(2, 3) FL_X(4, 5) FL_X(1, 2)           \
            FL_X(3, 4) FL_X(5, 6)                                                                  \
            FL_OUT(0) FL_OUT(1) FL_OUT(2) FL_OUT(3) FL_OUT(4) FL_OUT(5) FL_OUT(6) break; }         \
        case 8: {                                                                                  \
            FL_IN(0) FL_IN(1) FL_IN(2) FL_IN(3) FL_IN(4) FL_IN(5) FL_IN(6) FL_IN(7)                \
            FL_X(0, 2) FL_X(1, 3) FL_X(4, 6) FL_X(5, 7) FL_X(0, 4) FL_X(1, 5) FL_X(2, 6)           \
            FL_X(3, 7) FL_X(0, 1) FL_X(2, 3) FL_X(4, 5) FL_X(6, 7) FL_X(2, 4) FL_X(3, 5)           \
            FL_X(1, 4) FL_X(3, 6) FL_X(1, 2) FL_X(3, 4) FL_X(5, 6)                                 \
            FL_OUT(0) FL_OUT(1) FL_OUT(2) FL_OUT(3) FL_OUT(4) FL_OUT(5) FL_OUT(6) FL_OUT(7) }      \
        }                                                                                          \
    }
/* clang-format on */

FL_NETWORK(8)
FL_NETWORK(16)
FL_NETWORK(32)
FL_NETWORK(64)

FILCH_INLINE bool fl_is_word(filch_ordering order)
{
    return order.size == 1 || order.size == 2 || order.size == 4 || order.size == 8;
}

/* Sorts n <= 8 words. They are stored after the last comparison. */
FILCH_INLINE void fl_network(char *words, size_t n, filch_ordering order)
{
    if (order.size == 1)
        fl_network_8(words, n, order);
    else if (order.size == 2)
        fl_network_16(words, n, order);
    else if (order.size == 4)
        fl_network_32(words, n, order);
    else
        fl_network_64(words, n, order);
}

/* ---- Merging ---- */

/* Merges from[0, half) and from[half, n), both sorted and at most one item different in length,
 * into to. Each end takes n / 2 items, and no side has fewer: no read is out of bounds for any
 * results of `less`. If these are no order, the ends do not meet: then `to` becomes a copy, so
 * that no item is lost. */
FILCH_INLINE void fl_merge_halves(const char *from, size_t half, size_t n, char *to,
                                  filch_ordering order)
{
    const size_t size = order.size;
    const char *left = from, *right = from + half * size;
    const char *left_end = right - size, *right_end = from + (n - 1) * size;
    char *front = to, *back = to + (n - 1) * size;
    for (size_t i = n / 2; i; i--) {
        size_t other = fl_item_before(right, left, order);
        fl_item_move(front, left + (size_t)(right - left) * other, order);
        right += other * size;
        left += size - other * size;
        front += size;
        other = fl_item_before(right_end, left_end, order);
        fl_item_move(back, right_end - (size_t)(right_end - left_end) * other, order);
        left_end -= other * size;
        right_end -= size - other * size;
        back -= size;
    }
    if (n % 2) {
        const bool rest = left <= left_end;
        fl_item_move(front, rest ? left : right, order);
        left += rest ? size : 0;
        right += rest ? 0 : size;
    }
    if (FILCH_UNLIKELY(left != left_end + size || right != right_end + size))
        fl_items_copy(to, from, n, order);
}

/* Copies n words, at least half of `most` and at most `most`: the first half and the last one,
 * each of a constant length. */
FILCH_INLINE void fl_copy_words(char *to, const char *from, size_t n, size_t most,
                                filch_ordering order)
{
    const size_t last = (n - most / 2) * order.size;
    fl_items_copy(to, from, most / 2, order);
    fl_items_copy(to + last, from + last, most / 2, order);
}

/* Sorts n <= FL_FEW words; `rooms` has space for twice FL_FEW of them. Returns their place: up
 * to eight stay in place, others are in a room. `items` holds each of them while `less` runs. */
FILCH_INLINE char *fl_sort_words(char *items, size_t n, char *rooms, filch_ordering order)
{
    const size_t size = order.size;
    unsigned halvings = n <= 8 ? 0 : n <= 16 ? 1 : 2;
    char *from = items, *to = rooms;
    size_t begin = 0;
    for (size_t part = 1; part <= (size_t)1 << halvings; part++) {
        const size_t end = n * part >> halvings;
        fl_network(items + begin * size, end - begin, order);
        begin = end;
    }
    for (; halvings; halvings--) {
        begin = 0;
        for (size_t part = 1; part < (size_t)1 << halvings; part += 2) {
            const size_t half = n * part >> halvings, end = n * (part + 1) >> halvings;
            fl_merge_halves(from + begin * size, half - begin, end - begin, to + begin * size,
                            order);
            begin = end;
        }
        from = to;
        to = rooms + FL_FEW * size;
    }
    return from;
}

FILCH_INLINE void fl_sort_few_words(char *items, size_t n, filch_ordering order)
{
    uint64_t rooms[2 * FL_FEW];
    const char *words = fl_sort_words(items, n, (char *)rooms, order);
    if (n > 16)
        fl_copy_words(items, words, n, 32, order);
    else if (n > 8)
        fl_copy_words(items, words, n, 16, order);
}

/* ---- Items of any size, by their addresses ---- */

static inline bool fl_less_there(const void *a, const void *b, void *context)
{
    const filch_ordering *order = (const filch_ordering *)context;
    return order->less(*(void *const *)a, *(void *const *)b, order->context);
}

/* Moves the item at place[i] to items[i], for each i. Overwrites place. */
FILCH_INLINE void fl_arrange(char *items, size_t n, char **place, filch_ordering order)
{
    for (size_t i = 0; i < n; i++) {
        char *const first = items + i * order.size;
        char *to = first, *from = place[i];
        if (from == first)
            continue;
        filch_item first_item;
        fl_item_move(&first_item, first, order);
        for (size_t at = i; from != first;) {
            fl_item_move(to, from, order);
            place[at] = to;
            to = from;
            at = (size_t)(from - items) / order.size;
            from = place[at];
            place[at] = to;
        }
        fl_item_move(to, &first_item, order);
    }
}

/* Sorts n <= FL_FEW items. */
FILCH_INLINE void fl_sort_few(void *items, size_t n, filch_ordering order)
{
    enum { SPARE = 2048 }; /* bytes; up to this size items are arranged through a copy */
    if (fl_is_word(order)) {
        fl_sort_few_words((char *)items, n, order);
        return;
    }
    char *addresses[3][FL_FEW];
    for (size_t i = 0; i < n; i++)
        addresses[0][i] = (char *)items + i * order.size;
    const filch_ordering there = {sizeof(char *), fl_less_there, &order};
    char **place =
        (char **)(void *)fl_sort_words((char *)addresses[0], n, (char *)addresses[1], there);
    if (order.size * FL_FEW <= SPARE) {
        char spare[SPARE] FILCH_ALIGNED(16);
        for (size_t i = 0; i < n; i++)
            fl_item_move(spare + i * order.size, place[i], order);
        fl_items_copy(items, spare, n, order);
    } else {
        fl_arrange((char *)items, n, place, order);
    }
}

#include <filch/detail/show_words.h>
#endif
