/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Structs whose size the caller states, since it may have been built with another release:
 * configurations, which the library reads, and results of queries, which it fills in. */
#ifndef FL_SIZED_STRUCT_H
#define FL_SIZED_STRUCT_H

#include <stddef.h>
#include <string.h>

/* Copies *config to *out, a struct of `known` bytes. *config begins with its size, or with 0 for
 * `known`. Fields beyond a shorter, older one are 0; for NULL, all are. name: of the type, for the
 * message. -EINVAL through fl_fail: it is longer than `known`, or ends within a field. */
int fl_take_config(void *out, const void *config, size_t known, const char *name);

/* Fills *out. A shorter, older struct gets its fields; in a longer, newer one the rest is 0. */
static inline void fl_answer(void *out, size_t size, const void *all, size_t known)
{
    memcpy(out, all, size < known ? size : known);
    if (size > known)
        memset((char *)out + known, 0, size - known);
}

#endif
