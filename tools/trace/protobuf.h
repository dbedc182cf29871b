/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Messages in the wire format of Protocol Buffers ("Encoding", Google): a field is its number and wire type, and a
 * varint, eight bytes, or bytes with their length before them. */
#ifndef TRACE_PROTOBUF_H
#define TRACE_PROTOBUF_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum { PROTOBUF_MOST = 4096 };

/* Zero bytes: empty. A field that does not fit is left out. */
typedef struct protobuf {
    size_t size;
    uint8_t bytes[PROTOBUF_MOST];
} protobuf;

void protobuf_number(protobuf *m, unsigned field, uint64_t value);
void protobuf_fixed64(protobuf *m, unsigned field, uint64_t value);
/* A text may be any bytes: those that are not UTF-8 are taken as Latin-1. */
void protobuf_text(protobuf *m, unsigned field, const char *text);
void protobuf_message(protobuf *m, unsigned field, const protobuf *inner);
/* As that field of the message that is the whole stream. Errors stay in the stream. */
void protobuf_write(const protobuf *m, unsigned field, FILE *out);

#endif
