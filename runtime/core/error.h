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

/* What filch_error() says, if it is of this code; else "". */
const char *fl_error_about(int code);

/* What filch_error() says is the fixed sentence for this code; 0: "". Two stores. */
void fl_error_note(int code);

static inline void fl_error_forget(void)
{
    fl_error_note(0);
}

/* A refusal that is no mistake, and happens often: no sentence is made, the code has one. */
static inline int fl_plainly(int code)
{
    if (code < 0)
        fl_error_note(code);
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
