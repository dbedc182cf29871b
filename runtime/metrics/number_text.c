/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/metrics/number_text.h>

#include <stdio.h>
#include <stdlib.h>

void fl_spell_point(char *number)
{
    char *point = number + strspn(number, "0123456789+-e");
    if (!*point)
        return;
    char *rest = point + strcspn(point, "0123456789+-e");
    *point = '.';
    memmove(point + 1, rest, strlen(rest) + 1);
}

void fl_spell_double(char out[FL_SPELLED], double value)
{
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(out, FL_SPELLED, "%.*g", digits, value);
        if (strtod(out, NULL) == value)
            break;
    }
    fl_spell_point(out);
}

/* First bytes, the range of the second byte, and the length; other bytes are from 0x80 to 0xbf. */
static const struct sequence {
    unsigned char first, last, low, high, size;
} sequences[] = {
    {0x00, 0x7f, 0x00, 0x00, 1}, {0xc2, 0xdf, 0x80, 0xbf, 2}, {0xe0, 0xe0, 0xa0, 0xbf, 3},
    {0xe1, 0xec, 0x80, 0xbf, 3}, {0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3},
    {0xf0, 0xf0, 0x90, 0xbf, 4}, {0xf1, 0xf3, 0x80, 0xbf, 4}, {0xf4, 0xf4, 0x80, 0x8f, 4},
};

unsigned fl_utf8(const char *text)
{
    const unsigned char *byte = (const unsigned char *)text;
    const struct sequence *row = sequences, *end = row + sizeof sequences / sizeof *sequences;
    while (row < end && (*byte < row->first || *byte > row->last))
        row++;
    if (row == end)
        return 0;
    for (unsigned i = 1; i < row->size; i++)
        if (byte[i] < (i == 1 ? row->low : 0x80) || byte[i] > (i == 1 ? row->high : 0xbf))
            return 0;
    return row->size;
}
