/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Invariants that builds with FILCH_DEBUG check. A broken one ends the process where it is first
 * seen, with `broken: ` and the condition. Other builds compile a condition and drop it; a function
 * that only assertions call is `static inline`, and no code there. An assertion about data under a
 * lock stands where that lock is held. */
#ifndef FL_ASSERT_H
#define FL_ASSERT_H

#include <filch/base.h>

#ifdef FILCH_DEBUG
#define FL_ASSERT(condition)                                                                       \
    ((condition) ? (void)0 : filch_die("%s:%d: broken: %s", __FILE__, __LINE__, #condition))
#else
#define FL_ASSERT(condition) ((void)(0 && (condition)))
#endif

#endif
