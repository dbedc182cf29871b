/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Memory for a second array. */
#ifndef FL_SECOND_ARRAY_H
#define FL_SECOND_ARRAY_H

#include <filch/detail/undo.h>

#include <stddef.h>
#include <stdlib.h>
#include <sys/mman.h>

/* For free(); NULL: there is none. A large block is aligned to huge pages, and asks for them: the
 * system then clears and maps two megabytes at once. */
static inline void *fl_room(size_t bytes)
{
    const size_t huge = (size_t)1 << 21;
    if (bytes < huge)
        return malloc(bytes);
    bytes = (bytes + huge - 1) & ~(huge - 1);
    void *block = aligned_alloc(huge, bytes);
    if (block)
        madvise(block, bytes, MADV_HUGEPAGE); /* where it is refused, it is slower */
    return block;
}

/* ---- Undone after a panic ---- */

/* The deferred call of a driver for the records of <filch/detail/undo.h>. */

/* For FL_ON_PANIC: copies the recorded items back, the newest record first. */
void fl_undo_all(void *undos);

#endif
