/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * How the library says what went wrong: an errno for the program, a sentence for the person. Any
 * thread. */
#ifndef FL_ERROR_H
#define FL_ERROR_H

#include <filch/base.h>

#include <stdbool.h>

/* Keeps the sentence for filch_error() on this thread and returns -code. The sentence says what is
 * wrong; what to do. */
FILCH_COLD FILCH_PRINTF(2, 3) int fl_fail(int code, const char *format, ...);

/* What fl_fail said of this code, if that was the last thing it said on this thread since
 * fl_error_forget; else "". */
const char *fl_error_about(int code);
void fl_error_forget(void);

/* For a code that says all there is to say: filch_error() has no sentence about something else. */
static inline int fl_plainly(int code)
{
    if (code < 0)
        fl_error_forget();
    return code;
}

static inline bool fl_is_errno(int code)
{
    return code < 0 && code > -4096;
}

#ifdef FILCH_DEBUG
#define FL_ASSERT(condition)                                                                       \
    ((condition) ? (void)0 : filch_die("%s:%d: broken: %s", __FILE__, __LINE__, #condition))
#else
#define FL_ASSERT(condition) ((void)0)
#endif

#endif
