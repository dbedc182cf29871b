/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The envelope in NATS: a table of fields and their headers, and the escapes of other headers. A header
 * of NATS cannot hold line ends, or blanks at its ends, and some names give orders to the server. Such
 * a header is called Filch-Header-NAME, with %XX in NAME and value; such a field Filch-Escaped-NAME. */
#ifndef FL_NATS_MESSAGE_H
#define FL_NATS_MESSAGE_H

#include <filch/service.h>

#include <nats/nats.h>
#include <stdbool.h>
#include <stddef.h>

/* Adds the fields that are not zero. changing: only those that a copy changes. */
natsStatus fl_nats_write_fields(natsMsg *to, const filch_message *message, bool changing);
/* Adds a header of the publisher. */
natsStatus fl_nats_write_header(natsMsg *to, const char *name, const char *value);

/* Reads a header into its field; texts are put to *at, which moves. true also for headers that are the
 * server's own: there is no more to read. */
bool fl_nats_read_field(const char *key, const char *value, filch_message *message, char **at);
/* Writes name NUL value NUL, and returns the bytes: at most those of key and value. */
size_t fl_nats_read_header(const char *key, const char *value, char *to);
/* A copy gets this one anew, or does not get it. */
bool fl_nats_is_changing(const char *key);

#endif
