/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The answer of a query whose caller passes the size of its struct, and may be built with another
 * release. */
#ifndef FL_SIZED_STRUCT_H
#define FL_SIZED_STRUCT_H

#include <stddef.h>
#include <string.h>

/* Fills *out. A shorter, older struct gets its fields; in a longer, newer one the rest is 0. */
static inline void fl_answer(void *out, size_t size, const void *all, size_t known)
{
    memcpy(out, all, size < known ? size : known);
    if (size > known)
        memset((char *)out + known, 0, size - known);
}

#endif
