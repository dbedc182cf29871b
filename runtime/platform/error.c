/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/platform/error.h>

#include <filch/base.h>

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static __thread char explanation[256]; /* "": `explained` has a fixed one */
static __thread int explained;         /* the code that it is about */
static __thread bool by_context;       /* it is a context's cause */
static __thread const char *fixed; /* a literal that explains it; NULL: the sentence of its code */
static __thread const char *late_call; /* a literal: the call that may not wait; NULL: unknown */

/* The fixed sentences, for all calls that refuse plainly. */
typedef struct sentence {
    int code;
    const char *says, *of_context; /* NULL: the same */
} sentence;
static const sentence sentences[] = {
    {EPIPE, "it is closed; stop adding to it and taking from it", NULL},
    {EAGAIN, "not possible at once: it is full, empty or in use; wait, or try again later", NULL},
    {ETIMEDOUT, "the deadline of this wait comes first; wait again with a later one",
     "the deadline of the context comes first, and is final; start again with a new context"},
    {ECANCELED, "it was cancelled: its result is no longer needed", NULL},
    {EALREADY, "too late: it had already happened, and nothing was changed", NULL},
    {EIDRM, "the object that was waited for has been destroyed", NULL},
    {ENOENT, "no such object", NULL},
    {EBUSY, "another caller has it; try again later", NULL},
    {EINPROGRESS, "it has started and cannot be undone", NULL},
    {ESTALE, "the object it belonged to has ended; nothing was changed", NULL},
    {0},
};

const char *filch_error(void)
{
    if (*explanation || !explained)
        return explanation;
    if (fixed)
        return fixed;
    if (late_call) {
        snprintf(explanation, sizeof explanation,
                 "%s would have to wait, and its deadline is 0 or has passed; call it with a later "
                 "one, such as filch_in(FILCH_SECOND)",
                 late_call);
        return explanation;
    }
    for (const sentence *one = sentences; one->code; one++)
        if (one->code == -explained)
            return by_context && one->of_context ? one->of_context : one->says;
    return strerror(-explained);
}

static FILCH_PRINTF(2, 0) int explain(int code, const char *format, va_list list)
{
    vsnprintf(explanation, sizeof explanation, format, list);
    explained = code;
    return code;
}

int fl_fail(int code, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    explain(-code, format, list);
    va_end(list);
    return -code;
}

int filch_error_set(int code, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    explain(code, format, list);
    va_end(list);
    return code;
}

const char *filch_error_about(int code)
{
    return code == explained ? filch_error() : "";
}

static void note(int code, bool of_context)
{
    explained = code;
    by_context = of_context;
    fixed = late_call = NULL;
    explanation[0] = '\0';
}

void fl_error_note(int code)
{
    note(code, false);
}

void fl_error_note_cause(int code)
{
    note(code, true);
}

int fl_explained_by(int code, const char *says)
{
    note(code, false);
    fixed = says;
    return code;
}

int fl_if_closed(int rc, const char *says)
{
    return rc == -EPIPE ? fl_closed(says) : rc;
}

int fl_late(const char *call)
{
    note(-ETIMEDOUT, false);
    late_call = call;
    return -ETIMEDOUT;
}

static void write_line(const char *format, va_list list)
{
    char line[512];
    int at = snprintf(line, sizeof line, "filch: ");
    int length = vsnprintf(line + at, sizeof line - (size_t)at - 1, format, list);
    size_t size = (size_t)at + (size_t)(length < 0 ? 0 : length);
    if (size > sizeof line - 2)
        size = sizeof line - 2;
    line[size++] = '\n';
    ssize_t written = write(STDERR_FILENO, line, size);
    (void)written;
}

void fl_say(const char *format, ...)
{
    va_list list;
    va_start(list, format);
    write_line(format, list);
    va_end(list);
}

void filch_die(const char *format, ...)
{
    va_list list;
    va_start(list, format);
    write_line(format, list);
    va_end(list);
    abort();
}

/* ---- The version ---- */

const char *filch_version(void)
{
    return FILCH_VERSION;
}
