/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "base64.h"

#include <stdint.h>

enum { BLOCK = 3 * 4096 };

/* Up to three bytes as four letters. */
static void encode(const uint8_t *in, size_t count, char out[4])
{
    static const char letters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    uint32_t bits = (uint32_t)in[0] << 16;
    if (count > 1)
        bits |= (uint32_t)in[1] << 8;
    if (count > 2)
        bits |= in[2];
    for (int i = 0; i < 4; i++)
        out[i] = (size_t)i > count ? '=' : letters[bits >> (18 - 6 * i) & 63];
}

void base64_write(const void *bytes, size_t size, FILE *out)
{
    const uint8_t *in = bytes;
    static char text[BLOCK / 3 * 4];
    for (size_t at = 0; at < size; at += BLOCK) {
        size_t here = size - at < BLOCK ? size - at : BLOCK, length = 0;
        for (size_t i = 0; i < here; i += 3, length += 4)
            encode(in + at + i, here - i < 3 ? here - i : 3, text + length);
        fwrite(text, 1, length, out);
    }
}
