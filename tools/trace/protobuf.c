/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "protobuf.h"

#include <runtime/metrics/spell.h>
#include <string.h>

enum wire { VARINT, FIXED64, BYTES };
enum { VARINT_MOST = 10, TEXT_MOST = 1024 };

static size_t spell(uint64_t value, uint8_t out[VARINT_MOST])
{
    size_t size = 0;
    for (; value > 127; value >>= 7)
        out[size++] = (uint8_t)(value | 128);
    out[size++] = (uint8_t)value;
    return size;
}

static void put(protobuf *m, unsigned field, enum wire wire, const void *content, size_t size)
{
    uint8_t head[2 * VARINT_MOST];
    size_t length = spell((uint64_t)field << 3 | wire, head);
    if (wire == BYTES)
        length += spell(size, head + length);
    if (length + size > sizeof m->bytes - m->size)
        return;
    memcpy(m->bytes + m->size, head, length);
    memcpy(m->bytes + m->size + length, content, size);
    m->size += length + size;
}

void protobuf_number(protobuf *m, unsigned field, uint64_t value)
{
    uint8_t content[VARINT_MOST];
    put(m, field, VARINT, content, spell(value, content));
}

void protobuf_fixed64(protobuf *m, unsigned field, uint64_t value)
{
    uint8_t content[8];
    for (int i = 0; i < 8; i++)
        content[i] = (uint8_t)(value >> 8 * i);
    put(m, field, FIXED64, content, sizeof content);
}

void protobuf_text(protobuf *m, unsigned field, const char *text)
{
    char utf8[TEXT_MOST];
    size_t size = 0;
    while (*text && size + 4 <= sizeof utf8) {
        unsigned letter = fl_utf8(text);
        if (letter) {
            memcpy(utf8 + size, text, letter);
            size += letter;
        } else {
            const unsigned char byte = (unsigned char)*text;
            utf8[size++] = (char)(192 | byte >> 6);
            utf8[size++] = (char)(128 | (byte & 63));
        }
        text += letter ? letter : 1;
    }
    put(m, field, BYTES, utf8, size);
}

void protobuf_message(protobuf *m, unsigned field, const protobuf *inner)
{
    put(m, field, BYTES, inner->bytes, inner->size);
}

void protobuf_write(const protobuf *m, unsigned field, FILE *out)
{
    uint8_t head[2 * VARINT_MOST];
    size_t length = spell((uint64_t)field << 3 | BYTES, head);
    length += spell(m->size, head + length);
    fwrite(head, 1, length, out);
    fwrite(m->bytes, 1, m->size, out);
}
