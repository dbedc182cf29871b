/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Shared by the stable sort and the merge: sizes that are worth a task, and the parallel merge. */
#ifndef FL_MERGE_H
#define FL_MERGE_H

#include <filch/detail/stable_core.h>

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

#endif
