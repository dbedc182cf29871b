/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Cuts a text in two, as URLs are taken apart. */
#ifndef FL_CUT_H
#define FL_CUT_H

#include <stddef.h>
#include <string.h>

/* Ends the text at the first `at`, and returns the rest behind it. NULL: there is none, or no text. */
static inline char *fl_cut(char *text, char at)
{
    char *end = text ? strchr(text, at) : NULL;
    if (end)
        *end++ = '\0';
    return end;
}

#endif
