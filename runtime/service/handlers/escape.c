/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/service/handlers/escape.h>

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum { ESCAPED = 5 }; /* bytes of the longest, the closing NUL included */

/* Returns the number of characters. */
static size_t escape_one(char to[ESCAPED], char c)
{
    static const char plain[] = "\n\r\t", letters[] = "nrt";
    const char *found = c ? strchr(plain, c) : NULL;
    if (found)
        return (size_t)snprintf(to, ESCAPED, "\\%c", letters[found - plain]);
    bool is_printable = c >= ' ' && c <= '~' && c != '\\';
    return (size_t)snprintf(to, ESCAPED, is_printable ? "%c" : "\\x%02x", (unsigned char)c);
}

char *fl_escape(char *to, size_t room, const char *from, size_t size)
{
    size_t used = 0;
    for (size_t i = 0; i < size; i++) {
        char one[ESCAPED];
        size_t length = escape_one(one, from[i]);
        if (used + length >= room)
            break;
        memcpy(to + used, one, length);
        used += length;
    }
    to[used] = '\0';
    return to;
}

char *fl_escape_end(char *to, size_t room, const char *from, size_t size)
{
    char one[ESCAPED];
    while (size && strchr(" \t\r\n", from[size - 1]) && from[size - 1])
        size--;
    size_t begin = size, used = 0;
    while (begin && (used += escape_one(one, from[begin - 1])) < room)
        begin--;
    return fl_escape(to, room, from + begin, size - begin);
}
