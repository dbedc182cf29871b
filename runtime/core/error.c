/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/core/error.h>

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static __thread char explanation[256]; /* "": `explained` has a fixed one */
static __thread int explained;         /* the code that it is about */

/* Of all calls that refuse plainly: what it means for who called. */
static const struct {
    int code;
    const char *says;
} sentences[] = {
    {EPIPE, "it is closed: nothing more goes in, nothing is left to come out"},
    {EAGAIN, "not to be had at once; it is full, empty or in use: wait, or try again later"},
    {ETIMEDOUT, "the time was over before it came; it can be waited for again"},
    {ETIME, "it had not ended by then, and goes on; it can be waited for again"},
    {ECANCELED, "it was cancelled: nobody needs it any more"},
    {EALREADY, "too late: that had happened already, and nothing was changed"},
    {EIDRM, "what was waited for has been destroyed"},
    {ENOENT, "nothing of the kind is there"},
    {EBUSY, "somebody else has it; try again later"},
    {EINPROGRESS, "it is under way, and cannot be taken back"},
    {ESTALE, "what it belonged to is over; nothing was changed"},
};

const char *filch_error(void)
{
    if (*explanation || !explained)
        return explanation;
    for (unsigned i = 0; i < sizeof sentences / sizeof *sentences; i++)
        if (sentences[i].code == -explained)
            return sentences[i].says;
    return strerror(-explained);
}

int fl_fail(int code, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    vsnprintf(explanation, sizeof explanation, format, list);
    va_end(list);
    explained = -code;
    return -code;
}

const char *fl_error_about(int code)
{
    return code == explained ? filch_error() : "";
}

void fl_error_note(int code)
{
    explained = code;
    explanation[0] = '\0';
}

void filch_die(const char *format, ...)
{
    char line[512];
    int at = snprintf(line, sizeof line, "filch: ");
    va_list list;
    va_start(list, format);
    int length = vsnprintf(line + at, sizeof line - (size_t)at - 1, format, list);
    va_end(list);
    size_t size = (size_t)at + (size_t)(length < 0 ? 0 : length);
    if (size > sizeof line - 2)
        size = sizeof line - 2;
    line[size++] = '\n';
    ssize_t written = write(STDERR_FILENO, line, size);
    (void)written;
    abort();
}
