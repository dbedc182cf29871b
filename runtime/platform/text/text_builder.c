/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/platform/text/text_builder.h>

#include <stdarg.h>
#include <stdio.h>

void fl_text_add(fl_text *t, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    size_t left = t->length < t->room ? t->room - t->length : 0;
    int n = vsnprintf(left ? t->at + t->length : NULL, left, format, list);
    va_end(list);
    t->length += n > 0 ? (size_t)n : 0;
}
