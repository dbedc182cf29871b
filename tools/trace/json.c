/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "json.h"

void json_text(const char *text, FILE *out)
{
    putc('"', out);
    for (const unsigned char *at = (const unsigned char *)text; *at; at++)
        if (*at == '"' || *at == '\\')
            fprintf(out, "\\%c", *at);
        else if (*at < ' ' || *at >= 127 || *at == '<')
            fprintf(out, "\\u%04x", *at);
        else
            putc(*at, out);
    putc('"', out);
}
