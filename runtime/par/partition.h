/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Partitioning by several workers, in place. The range is cut into parts, and each is partitioned
 * by itself. Items that are then on the wrong side of the common border are exchanged, again in
 * parts (Tsigas and Zhang, PDP 2003, keep blocks on both sides instead; here nobody waits for
 * anybody). For the top cuts of a large sort, when other workers have nothing else to do. */
#ifndef FL_PARTITION_H
#define FL_PARTITION_H

#include <filch/detail/sort_core.h>

#ifdef FILCH_TINY
enum { FL_TOGETHER_PART = 64, FL_TOGETHER_PARTS = 16 };
#else
enum { FL_TOGETHER_PART = 16384, FL_TOGETHER_PARTS = 128 }; /* items, at least; parts, at most */
#endif

/* As ops->partition. Any task; suspends. */
size_t fl_partition_together(filch_self self, void *items, size_t n, const void *pivot,
                             bool not_after, const filch_sort_ops *ops, void *context);

#endif
