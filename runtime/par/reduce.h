/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Argument checks and error reports of both forms of reductions. */
#ifndef FL_REDUCE_H
#define FL_REDUCE_H

#include <filch/reduce.h>

/* -EINVAL if one of them is not possible. */
int fl_reduce_refuse(const char *who, size_t begin, size_t end, const filch_reduction *how,
                     const void *out);
/* Returns rc; starved: after reporting the memory that was missing, on the thread of the caller. */
int fl_reduce_told(const char *who, const filch_reduction *how, bool starved, int rc);

#endif
