/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "json.h"

#include <runtime/metrics/number_text.h>

void json_text(const char *text, FILE *out)
{
    putc('"', out);
    for (unsigned size; *text; text += size) {
        const unsigned char letter = (unsigned char)*text;
        size = fl_utf8(text);
        if (size > 1)
            fwrite(text, 1, size, out);
        else if (letter == '"' || letter == '\\')
            fprintf(out, "\\%c", letter);
        else if (letter < ' ' || letter >= 127 || letter == '<')
            fprintf(out, "\\u%04x", letter);
        else
            putc(letter, out);
        size = size ? size : 1;
    }
    putc('"', out);
}
