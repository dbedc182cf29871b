/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The stable sort when there is no memory for it. */
#ifndef FL_STABLE_IN_PLACE_H
#define FL_STABLE_IN_PLACE_H

#include <filch/detail/merge_core.h>

/* Sorts in parallel, with no memory but the stack. Suspends. */
void fl_stable_in_place(filch_self self, const filch_merge_ops *ops, void *context, char *items,
                        size_t count);

#endif
