/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Error reports of the library: an errno for the program, a sentence for the user. Any thread. */
#ifndef FL_ERROR_H
#define FL_ERROR_H

#include <errno.h>
#include <filch/base.h>

#include <stdbool.h>
#include <string.h>

/* Keeps the sentence for filch_error() on this thread and returns -code. The sentence says what is
 * wrong; what to do. */
FILCH_COLD FILCH_PRINTF(2, 3) int fl_fail(int code, const char *format, ...);

/* Writes "filch: " and the sentence to stderr, as one line. */
FILCH_COLD FILCH_PRINTF(1, 2) void fl_say(const char *format, ...);

/* filch_error() returns the fixed sentence for this code from now on; 0: "". Three stores. */
void fl_error_note(int code);
/* The same for the cause of a context, which is final. */
void fl_error_note_cause(int code);

static inline void fl_error_forget(void)
{
    fl_error_note(0);
}

/* A frequent refusal that is no mistake: the fixed sentence of its code is used, none is
 * formatted. */
static inline int fl_plainly(int code)
{
    if (code < 0)
        fl_error_note(code);
    return code;
}

/* The same for a refusal by a context's cause. */
static inline int fl_refused_by(int cause)
{
    if (cause < 0)
        fl_error_note_cause(cause);
    return cause;
}

/* The same, explained by a literal. Four stores. */
int fl_explained_by(int code, const char *says);
/* -EPIPE, explained by a literal: the object, and the call that closed it. */
static inline int fl_closed(const char *says)
{
    return fl_explained_by(-EPIPE, says);
}
/* The same if rc is -EPIPE, else rc. */
int fl_if_closed(int rc, const char *says);
/* -ETIMEDOUT of `call`, a literal, which may not wait; NULL: unknown. */
int fl_late(const char *call);

/* The end of a source file's path, which leaves room for the rest of a sentence. */
static inline const char *fl_path_end(const char *path)
{
    enum { SHOWN = 64 };
    size_t length = strlen(path);
    const char *end = length > SHOWN ? path + length - SHOWN : path;
    const char *slash = end == path ? NULL : strchr(end, '/');
    return slash ? slash + 1 : end;
}

static inline bool fl_is_errno(int code)
{
    return code < 0 && code > -4096;
}

#endif
