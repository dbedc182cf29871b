/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * What the stable sort and the merge share: pieces that are worth a task, the parallel merge, and
 * the typed operations of those who come without types. */
#ifndef FL_MERGE_H
#define FL_MERGE_H

#include <filch/stable_core.h>

/* Items whose sort is worth a task: some hundred microseconds. A merge may have four times as many.
 * Few in a tiny build, so that small inputs make many tasks. */
static inline size_t fl_sort_grain(size_t size)
{
#ifdef FILCH_TINY
    (void)size;
    return 64;
#else
    return size <= 32 ? (size_t)1 << 14 : ((size_t)1 << 19) / size;
#endif
}

/* Two lists and where their items go. An empty list may be anywhere. */
typedef struct fl_lists {
    const char *a, *b;
    size_t a_count, b_count;
    char *out;
} fl_lists;

/* Merges in parallel. Suspends. */
void fl_merge(filch_self self, const filch_merge_ops *ops, void *context, const fl_lists *lists);

/* The operations for items of `size` bytes; their context is a filch_ordering. */
filch_stable_ops fl_plain_ops(size_t size);

/* -EINVAL unless there is a comparison, and items are of a size that can be moved. */
int fl_order_refuse(const char *who, size_t size, filch_less_fn *less);

#endif
