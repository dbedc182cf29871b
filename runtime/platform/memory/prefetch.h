/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Asks for the cache lines of a block that will be written soon. x86: compilers that do not
 * know the target processor emit an instruction that fetches a line for reading, and the first
 * store then waits for the other core all the same. Intel's 64-bit processors that do not know
 * prefetchw ignore it. */
#ifndef FL_PREFETCH_H
#define FL_PREFETCH_H

#include <filch/base.h>

#include <stddef.h>

FILCH_INLINE void fl_prefetch_line(const char *at)
{
#if defined(__x86_64__)
    __asm__ volatile("prefetchw %0" : : "m"(*at));
#else
    __builtin_prefetch(at, 1);
#endif
}

/* `block` may begin within a line, and may be NULL. */
FILCH_INLINE void fl_prefetch_to_write(const void *block, size_t size)
{
    const char *bytes = block;
    for (size_t at = 0; block && at < size; at += 64)
        fl_prefetch_line(bytes + at);
    if (block)
        fl_prefetch_line(bytes + size - 1);
}

#endif
