/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef TRACE_BASE64_H
#define TRACE_BASE64_H

#include <stddef.h>
#include <stdio.h>

/* As RFC 4648, section 4, has it. Errors stay in the stream. */
void base64_write(const void *bytes, size_t size, FILE *out);

#endif
