/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "markdown.h"

#include <stdlib.h>
#include <string.h>

void markdown_text(const char *text, FILE *out)
{
    for (; *text; text++) {
        if (strchr("\\`*_|<>[]#", *text))
            fputc('\\', out);
        fputc((unsigned char)*text < ' ' ? ' ' : *text, out);
    }
}

void markdown_list(markdown_writer *write, const void *what, FILE *out)
{
    char *text = NULL, *rest = NULL;
    size_t size;
    FILE *lines = open_memstream(&text, &size);
    if (!lines)
        return;
    write(what, lines);
    fclose(lines);
    for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
        fputs("- ", out);
        markdown_text(line + strspn(line, " "), out);
        fputc('\n', out);
    }
    free(text);
}
