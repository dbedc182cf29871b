/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The typed operations of sorts and merges for those who come without types: the comparison is
 * called, items of usual sizes are moved as those of types are. */
#include <runtime/par/merge.h>
#include <runtime/par/plain_ops.h>
#include <runtime/par/range.h>
#include <runtime/platform/error.h>

/* clang-format off */
#define PLAIN(name, bytes, given)                                                                  \
    struct name##_item { char room[bytes]; };                                                      \
    struct name##_context { filch_ordering plain; };                                               \
    static inline bool name##_less(const void *a, const void *b, void *context)                    \
    {                                                                                              \
        const filch_ordering plain = ((struct name##_context *)context)->plain;                    \
        return plain.less(a, b, plain.context);                                                    \
    }                                                                                              \
    FL_STABLE_OPS(name##_, given, ~)
/* clang-format on */

PLAIN(four, 4, 4)
PLAIN(eight, 8, 8)
PLAIN(sixteen, 16, 16)
PLAIN(any, 1, fl_args.plain.size)

filch_stable_ops fl_plain_ops(size_t size)
{
    filch_stable_ops ops = size == 4    ? four_stable_ops
                           : size == 8  ? eight_stable_ops
                           : size == 16 ? sixteen_stable_ops
                                        : any_stable_ops;
    ops.merge.size = size;
    return ops;
}

int fl_order_refuse(const char *who, size_t size, filch_less_fn *less)
{
    if (!less)
        return fl_fail(EINVAL, "%s without a comparison; pass one", who);
    if (size < 1 || size > FILCH_ITEM_MOST)
        return fl_fail(EINVAL,
                       "%s: an item size of %zu bytes is out of range (1..%d); pass pointers or "
                       "indices to larger items",
                       who, size, FILCH_ITEM_MOST);
    return 0;
}
