/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "csv.h"

void csv_text(const char *text, FILE *out)
{
    fputc('"', out);
    for (; *text; text++) {
        if (*text == '"')
            fputc('"', out);
        fputc(*text, out);
    }
    fputc('"', out);
}
