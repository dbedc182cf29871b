/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "plain.h"

const char *plain_text(const char *text, char *plain, size_t size)
{
    snprintf(plain, size, "%s", text);
    for (char *at = plain; *at; at++)
        if ((unsigned char)*at < ' ' || *at == 0x7f)
            *at = '?';
    return plain;
}

void write_plain(const char *text, FILE *out)
{
    char plain[PLAIN_MOST];
    fputs(plain_text(text, plain, sizeof plain), out);
}
