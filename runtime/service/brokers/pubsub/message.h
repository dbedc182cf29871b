/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Fields and headers of a message as attributes of Pub/Sub. The fields have attributes of their own. So
 * have headers, if all of them can: else they are in base64, in attributes filch-headers-0, -1 ... */
#ifndef FL_PUBSUB_MESSAGE_H
#define FL_PUBSUB_MESSAGE_H

#include <filch/service.h>

#include <jansson.h>
#include <stdbool.h>

/* 0; -EMSGSIZE; -ENOTSUP (a text of a field is no UTF-8); -EAGAIN (no memory). */
int fl_pubsub_attributes_write(const filch_message *message, json_t **out);
/* The texts of the fields lie in the attributes; due: Unix time before which it must not be delivered, or
 * 0. *packed: the headers, as for fl_headers_deliver; the caller frees it. *has_nul: a text has a NUL, and
 * was cut there. -ENOMEM. */
int fl_pubsub_attributes_read(const json_t *attributes, filch_message *message, int64_t *due,
                              char **packed, size_t *size, bool *has_nul);

#endif
