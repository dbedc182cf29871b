/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Texts that programs read: numbers that do not depend on the locale, and UTF-8. Any thread. */
#ifndef FL_NUMBER_TEXT_H
#define FL_NUMBER_TEXT_H

#include <runtime/platform/text/text_builder.h>

#include <string.h>

enum { FL_SPELLED = 32 };

/* The shortest of 15 to 17 digits that reads back as the same number, with a decimal point. value
 * is finite. */
void fl_spell_double(char out[FL_SPELLED], double value);

/* Puts a point where printf has put the locale's, which may have several bytes. */
void fl_spell_point(char *number);

/* The number of bytes of the character that begins here, 1 to 4; 0: this is no UTF-8 (RFC 3629,
 * section 4). Reads no further than a NUL. */
unsigned fl_utf8(const char *text);

/* Appends all bytes, or none if they do not fit; counts them in any case. */
static inline void fl_text_put(fl_text *text, const char *bytes, size_t size)
{
    if (text->length <= text->room && size <= text->room - text->length)
        memcpy(text->at + text->length, bytes, size);
    text->length += size;
}

#endif
