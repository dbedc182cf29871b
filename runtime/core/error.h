/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * How the library says what went wrong: an errno for the program, a sentence for the person. Any
 * thread. */
#ifndef FL_ERROR_H
#define FL_ERROR_H

#include <filch/base.h>

/* Keeps the sentence for filch_error() on this thread and returns -code. The sentence says what is
 * wrong; what to do. */
FILCH_COLD FILCH_PRINTF(2, 3) int fl_fail(int code, const char *format, ...);

#ifdef FILCH_DEBUG
#define FL_ASSERT(condition)                                                                       \
    ((condition) ? (void)0 : filch_die("%s:%d: broken: %s", __FILE__, __LINE__, #condition))
#else
#define FL_ASSERT(condition) ((void)0)
#endif

#endif
