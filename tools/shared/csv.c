/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "csv.h"
#include "output.h"

void csv_text(const char *text, FILE *out)
{
    fputc('"', out);
    output_spelt(text, '"', "\"\"", out);
    fputc('"', out);
}
