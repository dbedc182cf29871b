/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * What the two forms of reductions refuse and report alike. */
#ifndef FL_REDUCE_H
#define FL_REDUCE_H

#include <filch/reduce.h>

/* -EINVAL, if one of them cannot be. */
int fl_reduce_refuse(const char *who, size_t begin, size_t end, const filch_reduction *how,
                     const void *out);
/* Returns rc; starved: after saying for what there was no memory, on the thread of the caller. */
int fl_reduce_told(const char *who, const filch_reduction *how, bool starved, int rc);

#endif
