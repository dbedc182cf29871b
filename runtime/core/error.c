/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/core/error.h>

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static __thread char explanation[256];
static __thread int explained; /* the code that it is about */

const char *filch_error(void)
{
    return explanation;
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
    return code == explained ? explanation : "";
}

void fl_error_forget(void)
{
    explained = 0;
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
