/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "terminal.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { NARROWEST = 40, WIDEST = 1000 };

enum terminal_colours terminal_colours;

bool terminal_has_colours(FILE *out)
{
    const char *none = getenv("NO_COLOR");
    if (terminal_colours != COLOURS_AUTO)
        return terminal_colours == COLOURS_ALWAYS;
    return !(none && *none) && isatty(fileno(out));
}

unsigned terminal_width(FILE *out)
{
    struct winsize size;
    const char *named = getenv("COLUMNS");
    long columns = named ? strtol(named, NULL, 10) : 0;
    if (columns <= 0 && ioctl(fileno(out), TIOCGWINSZ, &size) == 0)
        columns = size.ws_col;
    if (columns <= 0 || columns > WIDEST)
        return 0;
    return columns < NARROWEST ? NARROWEST : (unsigned)columns;
}

/* The rest of a character of UTF-8 stands in no column of its own. */
size_t terminal_columns(const char *text, size_t length)
{
    size_t columns = 0;
    for (size_t i = 0; i < length; i++)
        columns += ((unsigned char)text[i] & 0xc0) != 0x80;
    return columns;
}

/* used: columns that are taken already. */
static void wrap_line(const char *line, size_t length, size_t used, size_t indent, unsigned width,
                      FILE *out)
{
    for (size_t at = 0; at < length;) {
        size_t word = strcspn(line + at, " \n"), columns = terminal_columns(line + at, word);
        if (at > 0 && used + 1 + columns > width) {
            fprintf(out, "\n%*s", (int)indent, "");
            used = indent;
        } else if (at > 0) {
            fputc(' ', out);
            used++;
        }
        fwrite(line + at, 1, word, out);
        used += columns;
        at += word + 1;
    }
    fputc('\n', out);
}

void terminal_wrap(const char *text, unsigned width, FILE *out)
{
    while (*text) {
        size_t length = strcspn(text, "\n");
        if (width == 0)
            fprintf(out, "%.*s\n", (int)length, text);
        else
            wrap_line(text, length, 0, strspn(text, " ") + 2, width, out);
        text += length + (text[length] == '\n');
    }
}

void terminal_wrap_beside(const char *left, unsigned column, const char *text, unsigned width,
                          FILE *out)
{
    const unsigned used = (unsigned)fprintf(out, "%s", left);
    if (column > 0 && used + 2 > column)
        fprintf(out, "\n%*s", (int)column, "");
    else
        fprintf(out, "%*s", (int)(column - used), "");
    for (size_t length; *text; text += length + (text[length] == '\n')) {
        length = strcspn(text, "\n");
        const size_t lead = strspn(text, " ");
        wrap_line(text, length, column, column + (lead ? lead + 2 : 0), width, out);
    }
}
