/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Lengths of UTF-8 characters by the first byte; `bits` of it belong to the code, which is at least
 * `least`, or it has a shorter spelling. */
static const struct {
    unsigned char from, to, bits;
    uint32_t least;
} lengths[] = {{0x00, 0x7f, 0x7f, 0},
               {0xc2, 0xdf, 0x1f, 0x80},
               {0xe0, 0xef, 0x0f, 0x800},
               {0xf0, 0xf4, 0x07, 0x10000}};

static bool is_scalar(uint32_t code, uint32_t least)
{
    return code >= least && code <= 0x10ffff && (code < 0xd800 || code > 0xdfff);
}

size_t text_character(const char *text, size_t size)
{
    unsigned char first = size ? (unsigned char)*text : 0xff;
    size_t length = 1;
    while (length <= 4 && (first < lengths[length - 1].from || first > lengths[length - 1].to))
        length++;
    if (length > 4 || length > size)
        return 0;
    uint32_t code = first & lengths[length - 1].bits;
    for (size_t i = 1; i < length; i++) {
        if (((unsigned char)text[i] & 0xc0) != 0x80)
            return 0;
        code = code << 6 | ((unsigned char)text[i] & 0x3f);
    }
    return is_scalar(code, lengths[length - 1].least) ? length : 0;
}

/* Would a terminal obey it? C0, DEL, and C1, which UTF-8 spells 0xc2 0x80..0x9f. */
static bool is_control(const char *at, size_t length)
{
    unsigned char first = (unsigned char)*at;
    return length == 1 ? first < 0x20 || first == 0x7f
                       : length == 2 && first == 0xc2 && (unsigned char)at[1] < 0xa0;
}

/* A growing text in memory; NULL if memory is short. */
static char *finish(FILE *file, char **text)
{
    if (file && fclose(file) == 0)
        return *text;
    free(*text);
    return NULL;
}

/* The characters of `as_is` are left as they are. */
static char *visible(const char *text, size_t size, const char *as_is)
{
    char *out = NULL;
    size_t out_size;
    FILE *file = open_memstream(&out, &out_size);
    for (size_t i = 0; file && i < size;) {
        size_t length = text_character(text + i, size - i);
        bool plain = text[i] && strchr(as_is, text[i]);
        if (plain || (length && text[i] != '\\' && !is_control(text + i, length))) {
            fwrite(text + i, 1, length, file);
            i += length;
        } else {
            fprintf(file, "\\x%02x", (unsigned char)text[i++]);
        }
    }
    return finish(file, &out);
}

char *text_visible(const char *text, size_t size, bool lines)
{
    return visible(text, size, lines ? "\n\t" : "");
}

char *text_reason(const char *text)
{
    return visible(text, strlen(text), "\\");
}

char *text_utf8(const char *text)
{
    char *out = NULL;
    size_t out_size, size = strlen(text);
    FILE *file = open_memstream(&out, &out_size);
    for (size_t i = 0; file && i < size;) {
        size_t length = text_character(text + i, size - i);
        if (length)
            fwrite(text + i, 1, length, file);
        else
            fputs("\xef\xbf\xbd", file);
        i += length ? length : 1;
    }
    return finish(file, &out);
}

bool text_is_utf8(const char *text, size_t size)
{
    for (size_t i = 0; i < size;) {
        size_t length = text_character(text + i, size - i);
        if (!length)
            return false;
        i += length;
    }
    return true;
}

char *text_base64(const void *bytes, size_t size)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const unsigned char *from = bytes;
    char *out = malloc((size + 2) / 3 * 4 + 1), *to = out;
    for (size_t i = 0; out && i < size; i += 3) {
        size_t left = size - i;
        uint32_t three = (uint32_t)from[i] << 16 | (left > 1 ? (uint32_t)from[i + 1] << 8 : 0) |
                         (left > 2 ? from[i + 2] : 0);
        for (unsigned k = 0; k < 4; k++)
            *to++ = k <= left ? digits[three >> (18 - 6 * k) & 63] : '=';
    }
    if (out)
        *to = '\0';
    return out;
}

const char *text_span(int64_t ns, char *text, size_t size)
{
    static const struct {
        const char *name, *rest;
        int64_t ms, rest_ms;
    } units[] = {{"d", "h", 86400000, 3600000},
                 {"h", "m", 3600000, 60000},
                 {"m", "s", 60000, 1000},
                 {"s", NULL, 1000, 1},
                 {"ms", NULL, 1, 1}};
    int64_t ms = ns > 0 ? ns / 1000000 : 0;
    unsigned i = 0;
    while (ms < units[i].ms && i < 4)
        i++;
    long long whole = ms / units[i].ms, rest = ms % units[i].ms / units[i].rest_ms;
    if (units[i].rest && rest)
        snprintf(text, size, "%lld %s %lld %s", whole, units[i].name, rest, units[i].rest);
    else
        snprintf(text, size, "%lld %s", whole, units[i].name);
    return text;
}
