/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A text for people that is put together in a buffer and grows as snprintf counts: what does not fit
 * is counted. */
#ifndef FL_TEXT_H
#define FL_TEXT_H

#include <filch/base.h>

typedef struct fl_text {
    char *at;
    size_t room, length;
} fl_text;

FILCH_PRINTF(2, 3) void fl_text_add(fl_text *text, const char *format, ...);

#endif
