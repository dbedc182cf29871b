/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Structs that carry or are given their size, since the caller may be built with another release:
 * configurations, which are read, and answers of queries, which are filled. */
#ifndef FL_SIZED_STRUCT_H
#define FL_SIZED_STRUCT_H

#include <stddef.h>
#include <string.h>

/* Copies *config, which begins with its size or with 0 for `known` bytes, to *out of `known` bytes. A
 * shorter, older one is read as far as it goes; the rest is 0, and all of it for NULL. name: its type, for an error. -EINVAL
 * through fl_fail: it is longer than `known`, or ends within a field. */
int fl_take_config(void *out, const void *config, size_t known, const char *name);

/* Fills *out. A shorter, older struct gets its fields; in a longer, newer one the rest is 0. */
static inline void fl_answer(void *out, size_t size, const void *all, size_t known)
{
    memcpy(out, all, size < known ? size : known);
    if (size > known)
        memset((char *)out + known, 0, size - known);
}

#endif
