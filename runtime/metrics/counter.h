/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Shards: each thread counts in its shard's cell of a sharded number. Each shard from
 * FL_SHARDS_SHARED on belongs to one thread at a time, which writes its cells by plain stores.
 * There are twice as many as processors; the threads beyond share the first FL_SHARDS_SHARED, and
 * add to their cells by atomic instructions. So a count costs a few nanoseconds where threads are
 * about as many as processors, and stays exact where they are many more.
 *
 * A thread takes a shard when it first counts and gives it back when it ends. A task counts in the
 * shard of the thread on which it runs, and does not suspend between finding the shard and writing.
 *
 * Edges:
 *   TakeCells: or into held, acq_rel                <- ReturnCells, give: and of held, acq_rel;
 *                                                      the next owner adds to what the last one
 *                                                      left in the cells
 * A reader adds up cells by relaxed loads. Each cell only grows, so sums that are read one after
 * the other, by one thread or by several that wait for each other, do not fall. In a child of
 * fork() the shards of the parent's other threads stay taken. Any thread; not in signal handlers,
 * which could come between a load and its store. */
#ifndef FL_COUNTER_H
#define FL_COUNTER_H

#include <filch/atomic.h>

#include <stdbool.h>

#ifdef FILCH_TINY
enum { FL_SHARDS_SHARED = 2 };
#else
enum { FL_SHARDS_SHARED = 4 };
#endif

/* Their number in this process, which never changes. */
unsigned fl_shards(void);
/* The calling thread's, 0 .. fl_shards() - 1. */
unsigned fl_shard(void);

/* Adds to the cell of the calling thread's shard; returns the old value. */
static inline uint64_t fl_shard_add(unsigned shard, filch_u64 *tally, uint64_t n)
{
    if (FILCH_UNLIKELY(shard < FL_SHARDS_SHARED))
        return filch_u64_add(tally, n, FILCH_RELAXED);   /* relaxed: as readers' sums allow */
    uint64_t was = filch_u64_load(tally, FILCH_RELAXED); /* relaxed: both: single writer; */
    filch_u64_store(tally, was + n, FILCH_RELAXED);      /* readers' sums allow it, see above */
    return was;
}

/* Raises it to at least that. */
static inline void fl_shard_raise(filch_u64 *tally, uint64_t least)
{
    uint64_t was = filch_u64_load(tally, FILCH_RELAXED); /* relaxed: only grows */
    while (FILCH_UNLIKELY(was < least) &&
           !filch_u64_cas(tally, &was, least, FILCH_RELAXED)) /* relaxed: the same */
        ;
}

static inline uint64_t fl_shard_read(const filch_u64 *tally)
{
    return filch_u64_load(tally, FILCH_RELAXED); /* relaxed: as said above */
}

/* Zeros for `size` bytes for each shard, on cache lines of their own: size is a multiple of
 * FILCH_APART. NULL: no memory. By free(). */
void *fl_shards_create(size_t size);

#endif
