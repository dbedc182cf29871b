/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Bytes as SQS carries them: texts of certain characters, or base64. */
#ifndef FL_SQS_MESSAGE_H
#define FL_SQS_MESSAGE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/* As a JSON string, if the server takes these bytes as a text and keeps each of them: UTF-8 without control
 * characters other than tab and newline. NULL: it does not, or no memory. */
json_t *fl_sqs_text(const void *bytes, size_t size);
/* Base64, as a JSON string. NULL: no memory. */
json_t *fl_sqs_binary(const void *bytes, size_t size);
/* Decodes it; the caller frees it, and a NUL follows. NULL: it is no base64, or no memory. */
char *fl_sqs_bytes(const char *text, size_t *size);

#endif
