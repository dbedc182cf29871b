/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Builds a text in a buffer. The length counts, as snprintf's does, also the part that does not
 * fit. */
#ifndef FL_TEXT_BUILDER_H
#define FL_TEXT_BUILDER_H

#include <filch/base.h>

typedef struct fl_text {
    char *at;
    size_t room, length;
} fl_text;

FILCH_PRINTF(2, 3) void fl_text_add(fl_text *text, const char *format, ...);

#endif
