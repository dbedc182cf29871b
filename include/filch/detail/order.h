/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * An order of items: the size and comparison that sorts and merges need. For the headers of the
 * sorts and merges, for callers of their plain functions, and for readers of either.
 *
 * The algorithms are always inlined functions over `void *` items and a filch_ordering passed by
 * value. A typed macro calls them from its own functions with a constant size and a constant
 * `less`. The compiler then turns each move into a load and a store and inlines the comparison. So
 * there is one algorithm, in C that a debugger can step through, as fast as if written for the
 * type. The plain functions are the same algorithms with the caller's arguments.
 *
 *   FL_ORDER(by_key, by_key_, uint32_t, less_by_key, (const double *, key), ~)
 *
 * defines struct by_key_context {const double *key;} and a filch_less_fn by_key_less that compares
 * two uint32_t by less_by_key(a, b, key): a function or a macro of two values and then the further
 * arguments. Its context is never NULL, even when there are no further arguments.
 *
 * Order: `less` should be a strict weak ordering. If it is not (NaN, a mistake), the outcome is in
 * no useful order, but it has the same items, each once, and the call ends.
 * Threads: `less` is called on many threads at once. It must not fork, join or suspend.
 * Panics: `less` may panic. A sort then leaves the array with each of its items once, in some
 * order; a merge leaves its lists as they were. */
#ifndef FILCH_ORDER_H
#define FILCH_ORDER_H
#include <filch/detail/hide_words.h>

#include <filch/detail/par_args.h>
#include <stdbool.h>

/* Bytes of the largest item that is sorted or merged: sort pointers or indices to larger ones. */
#define FILCH_ITEM_MOST 256

/* Does *a come before *b? Both have the alignment of the array's items, or of 16 bytes if that is
 * less: they may be copies. context is what the caller passed. */
typedef bool filch_less_fn(const void *a, const void *b, void *context);

typedef struct filch_ordering {
    size_t size; /* bytes of an item, 1 .. FILCH_ITEM_MOST */
    filch_less_fn *less;
    void *context;
} filch_ordering;

/* Room for a copy of one item. Written by fl_item_move only, so that it may be read as any type. */
typedef union filch_item {
    uint64_t words[FILCH_ITEM_MOST / 8];
    unsigned char bytes[FILCH_ITEM_MOST];
} FILCH_ALIGNED(16) filch_item;

FILCH_INLINE void *fl_item_at(void *items, size_t index, filch_ordering order)
{
    return (char *)items + index * order.size;
}

FILCH_INLINE const void *fl_item_in(const void *items, size_t index, filch_ordering order)
{
    return (const char *)items + index * order.size;
}

/* Copies one item to another place; to == from is allowed. */
FILCH_INLINE void fl_item_move(void *to, const void *from, filch_ordering order)
{
    __builtin_memcpy(to, from, order.size);
}

/* Copies count items; their new place must not overlap the old one. */
FILCH_INLINE void fl_items_copy(void *to, const void *from, size_t count, filch_ordering order)
{
    __builtin_memcpy(to, from, count * order.size);
}

FILCH_INLINE bool fl_item_less(const void *a, const void *b, filch_ordering order)
{
    return order.less(a, b, order.context);
}

/* clang-format off */
#define FL_COMPARE(comes_first, ...) comes_first(__VA_ARGS__)
#define FL_ORDER(name, own, type, comes_first, ...)                                                \
    FL_CONTEXT(own, __VA_ARGS__)                                                                   \
    struct own##item { type fl_value; } __attribute__((__may_alias__));                            \
    FILCH_STATIC_ASSERT(sizeof(struct own##item) <= FILCH_ITEM_MOST,                               \
                        "items of " #name " are too large: sort pointers or indices to them");     \
    FILCH_STATIC_ASSERT(__alignof__(struct own##item) <= 16 && FL_MOVABLE(type),                   \
                        "items of " #name " cannot be moved: sort pointers or indices to them");   \
    FILCH_UNUSED static inline bool own##less(const void *fl_a, const void *fl_b,                  \
                                                FILCH_UNUSED void *fl_context)                     \
    {                                                                                              \
        FL_CONTEXT_UNPACK(own, __VA_ARGS__)                                                        \
        return FL_COMPARE(comes_first, ((const struct own##item *)fl_a)->fl_value,                 \
                          ((const struct own##item *)fl_b)->fl_value                               \
                          FL_MAP(FL_LOAD, __VA_ARGS__));                                           \
    }
/* A comparison that copied its items first would make gcc move them word by word, and processors
 * stall when one load covers data that was just stored in two pieces. */
#ifdef __cplusplus
#define FL_MOVABLE(type) __is_trivially_copyable(type)
#else
#define FL_MOVABLE(type) 1
#endif
/* clang-format on */

#include <filch/detail/show_words.h>
#endif
