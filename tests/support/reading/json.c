/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <tests/support/reading.h>

static bool json_skip(json_line *line, const char *text)
{
    bool there = !strncmp(line->at, text, strlen(text));
    line->at += there ? strlen(text) : 0;
    return there;
}

/* How many bytes follow the first of a character; -1: none begins so. The rest is left to
 * json_text. */
static int json_follow(unsigned char first)
{
    return first < 0x80   ? 0
           : first < 0xc2 ? -1
           : first < 0xe0 ? 1
           : first < 0xf0 ? 2
           : first < 0xf5 ? 3
                          : -1;
}

static bool json_escape(json_line *line)
{
    if (*line->at == 'u') {
        bool four = strspn(++line->at, "0123456789abcdefABCDEF") >= 4;
        line->at += four ? 4 : 0;
        return four;
    }
    return *line->at && strchr("\"\\/bfnrt", *line->at++);
}

static bool json_character(json_line *line)
{
    const unsigned char *byte = (const unsigned char *)line->at;
    int follow = json_follow(*byte);
    if (*byte < 0x20 || follow < 0)
        return false;
    if (*byte == 0xe0 ? byte[1] < 0xa0 : *byte == 0xed ? byte[1] > 0x9f : false)
        return false;
    if (*byte == 0xf0 ? byte[1] < 0x90 : *byte == 0xf4 ? byte[1] > 0x8f : false)
        return false;
    for (int i = 1; i <= follow; i++)
        if ((byte[i] & 0xc0) != 0x80)
            return false;
    line->at += 1 + follow;
    return *byte != '\\' || json_escape(line);
}

static bool json_text(json_line *line, json_piece *piece)
{
    piece->at = line->at;
    if (!json_skip(line, "\""))
        return false;
    while (*line->at && *line->at != '"')
        if (!json_character(line))
            return false;
    bool closed = json_skip(line, "\"");
    piece->size = (size_t)(line->at - piece->at);
    return closed;
}

static bool json_digits(json_line *line)
{
    size_t n = strspn(line->at, "0123456789");
    line->at += n;
    return n > 0;
}

static bool json_number(json_line *line)
{
    json_skip(line, "-");
    if (line->at[0] == '0' && line->at[1] >= '0' && line->at[1] <= '9')
        return false;
    if (!json_digits(line) || (json_skip(line, ".") && !json_digits(line)))
        return false;
    if (!json_skip(line, "e") && !json_skip(line, "E"))
        return true;
    if (!json_skip(line, "+"))
        json_skip(line, "-");
    return json_digits(line);
}

static bool json_value(json_line *line, json_piece *piece)
{
    piece->at = line->at;
    if (*line->at == '"')
        return json_text(line, piece);
    bool good = json_skip(line, "true") || json_skip(line, "false") || json_skip(line, "null") ||
                json_number(line);
    piece->size = (size_t)(line->at - piece->at);
    return good;
}

static bool json_same(json_piece piece, const char *text, size_t size)
{
    return piece.size == size && !memcmp(piece.at, text, size);
}

bool json_read(json_line *line, const char *text)
{
    line->at = text;
    line->fields = 0;
    if (!json_skip(line, "{"))
        return false;
    do {
        unsigned i = line->fields++;
        if (i == JSON_MOST || !json_text(line, &line->name[i]) || !json_skip(line, ":") ||
            !json_value(line, &line->value[i]))
            return false;
        for (unsigned j = 0; j < i; j++)
            if (json_same(line->name[j], line->name[i].at, line->name[i].size))
                return false;
    } while (json_skip(line, ","));
    return json_skip(line, "}\n") && !*line->at;
}

bool json_is(const json_line *line, const char *name, const char *value)
{
    for (unsigned i = 0; i < line->fields; i++)
        if (json_same(line->name[i], name, strlen(name)))
            return json_same(line->value[i], value, strlen(value));
    return false;
}
