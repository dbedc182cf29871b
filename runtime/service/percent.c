/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/service/percent.h>

#include <ctype.h>
#include <string.h>

static int digit(char c)
{
    static const char digits[] = "0123456789abcdef";
    const char *at = c ? strchr(digits, tolower((unsigned char)c)) : NULL;
    return at ? (int)(at - digits) : -1;
}

/* The byte of %XX; -1: it is none. */
static int byte_at(const char *text)
{
    int high = *text == '%' ? digit(text[1]) : -1, low = high < 0 ? -1 : digit(text[2]);
    return low < 0 ? -1 : high << 4 | low;
}

char *fl_percent_decode(char *to, const char *text)
{
    for (; *text; text++) {
        int byte = byte_at(text);
        *to++ = byte < 0 ? *text : (char)byte;
        text += byte < 0 ? 0 : 2;
    }
    *to = '\0';
    return to + 1;
}

bool fl_percent_is_valid(const char *text)
{
    while ((text = strchr(text, '%')))
        if (byte_at(text++) <= 0)
            return false;
    return true;
}
