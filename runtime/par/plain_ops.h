/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Operations of the stable sort and the merge for callers without types. */
#ifndef FL_PLAIN_OPS_H
#define FL_PLAIN_OPS_H

#include <filch/detail/stable_core.h>

/* The operations for items of `size` bytes; their context is a filch_ordering. */
filch_stable_ops fl_plain_ops(size_t size);

/* -EINVAL unless there is a comparison, and items are of a size that can be moved. */
int fl_order_refuse(const char *who, size_t size, filch_less_fn *less);

#endif
