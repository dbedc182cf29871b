/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The arguments that every algorithm refuses. */
#ifndef FL_RANGE_H
#define FL_RANGE_H

#include <errno.h>
#include <runtime/platform/error.h>
#include <stddef.h>
#include <stdint.h>

static inline int fl_range_refuse(const char *who, size_t begin, size_t end)
{
    if (begin <= end)
        return 0;
    return fl_fail(EINVAL,
                   "%s from %zu to %zu: the range ends before it begins; swap them, or check how "
                   "the end is computed",
                   who, begin, end);
}

/* `items` must be n of `size` bytes. */
static inline int fl_items_refuse(const char *who, const void *items, size_t n, size_t size)
{
    if (n && !items)
        return fl_fail(EINVAL, "%s of %zu items at NULL; give it their address", who, n);
    if (size && n > SIZE_MAX / 2 / size)
        return fl_fail(EINVAL, "%s of %zu items of %zu bytes: more than memory can hold; check n",
                       who, n, size);
    return 0;
}

#endif
