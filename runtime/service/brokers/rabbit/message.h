/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Messages of RabbitMQ. The headers of librabbitmq have a folder of their own since its version 0.12. */
#ifndef FL_RABBIT_MESSAGE_H
#define FL_RABBIT_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if __has_include(<rabbitmq-c/amqp.h>)
#include <rabbitmq-c/amqp.h>
#include <rabbitmq-c/framing.h>
#include <rabbitmq-c/ssl_socket.h>
#include <rabbitmq-c/tcp_socket.h>
#else
#include <amqp.h>
#include <amqp_framing.h>
#include <amqp_ssl_socket.h>
#include <amqp_tcp_socket.h>
#endif

/* ---- Tables ---- */

/* Headers of messages in RabbitMQ: the entries of an AMQP table, which have types. */

/* Fields of a message that AMQP has no property for, and properties that a copy must not have. */
#define FL_RABBIT_ATTEMPT "x-filch-attempt"
#define FL_RABBIT_FIRST_SEEN "x-filch-first-seen"
#define FL_RABBIT_DUE "x-filch-due"
#define FL_RABBIT_NUMBER "x-filch-copy"
#define FL_RABBIT_EXPIRATION "x-filch-expiration"
#define FL_RABBIT_USER "x-filch-user-id"
/* As other publishers write them. */
#define FL_RABBIT_TRACE "traceparent"
#define FL_RABBIT_TRACESTATE "tracestate"
/* Of a quorum queue. */
#define FL_RABBIT_FAILED "x-delivery-count"

enum {
    FL_RABBIT_DIGITS = 32,
    FL_RABBIT_SHORT_MOST = 255,
    FL_RABBIT_HEADERS_MOST = 120 << 10, /* properties and headers have to be in one frame */
    FL_RABBIT_COPIED_MOST = FL_RABBIT_HEADERS_MOST - (4 << 10) /* a copy adds some */
};

/* false: it is not an integer. */
bool fl_rabbit_number_of(const amqp_field_value_t *value, int64_t *out);
bool fl_rabbit_is_text(const amqp_field_value_t *value);
/* Names are compared without regard to case. */
bool fl_rabbit_is_named(const amqp_table_entry_t *entry, const char *name);
/* CC and BCC: the server sends a message also to the queues that these name, so a copy must not have
 * them. */
bool fl_rabbit_is_routing(const amqp_table_entry_t *entry);
/* Part of a trace. One that does not parse is a header like any other. */
bool fl_rabbit_is_trace(const amqp_table_entry_t *entry);
/* Entries that filch or the server adds about this delivery are not headers of the message. */
bool fl_rabbit_is_note(const amqp_table_entry_t *entry);
/* A header's value as the text that handlers see; a number becomes its digits. false: none, as for a table. */
bool fl_rabbit_text_of(const amqp_table_entry_t *entry, char digits[FL_RABBIT_DIGITS],
                       amqp_bytes_t *out);
/* The bytes of a value on the wire, at most. */
size_t fl_rabbit_size_of(const amqp_field_value_t *value);
/* The first entry of this name. NULL: there is none. */
const amqp_table_entry_t *fl_rabbit_find(const amqp_table_t *table, const char *name);

#endif
