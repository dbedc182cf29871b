/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Copies of messages, their limits, and the envelopes that bodies come in. */
#ifndef FL_MESSAGE_H
#define FL_MESSAGE_H

#include <filch/service.h>
#include <filch/traceparent.h>
#include <runtime/service/broker.h>

#include <stdbool.h>
#include <stddef.h>

enum {
    FL_BODY_MOST = 16 << 20,    /* bytes of a body */
    FL_HEADERS_MOST = 64 << 10, /* names and values of the headers, and the other texts, in all */
    FL_JSON_DEPTH_MOST = 64,
    FL_ID_BYTES = 33 /* of a random id, the closing NUL included */
};

/* Bytes that fl_message_copy needs behind the struct. */
size_t fl_message_room(const filch_message *message);
/* Copies it with its texts, headers and body to `room`, which is aligned as malloc does. A NUL
 * follows the body. */
void fl_message_copy(filch_message *to, const filch_message *message, void *room);
/* Takes the trace context of W3C from the headers of a copy that fl_message_copy has made. `traceparent` wins
 * over the fields, and leaves the headers with its `tracestate`. If neither names a trace, the headers of
 * Google's and Azure's libraries count. */
void fl_message_take_trace(filch_message *copy);
/* NULL, or a literal that says which limit it exceeds. */
const char *fl_message_excess(const filch_message *message);
/* A random id, 32 hexadecimal digits. */
void fl_message_random_id(char id[FL_ID_BYTES]);

/* The headers that a dead letter gets. */
enum { FL_DEAD_HEADERS = 3, FL_DEAD_TIME_BYTES = 24 };
typedef struct fl_dead_headers {
    filch_header header[FL_DEAD_HEADERS];
    char when[FL_DEAD_TIME_BYTES];
} fl_dead_headers;
/* Fills them; reason and queue are not copied. unix_time: ns. */
void fl_dead_headers_fill(fl_dead_headers *out, const char *reason, const char *queue,
                          int64_t unix_time);

/* Is this envelope supported by the build? */
bool fl_envelope_is_supported(filch_envelope envelope);
typedef enum fl_envelope_rc {
    FL_ENVELOPE_OPENED,
    FL_ENVELOPE_NONE,      /* the body is no object with a text `type` */
    FL_ENVELOPE_MALFORMED, /* it is one, and another member is wrong */
} fl_envelope_rc;

/* Takes the id, type and payload out of the body of a JSON envelope. The texts of id and type are
 * in *texts, which the caller frees; the body points into the former body. Without an id the message
 * keeps its own; without a payload its body is empty. Unless it is opened, *why is a literal with the
 * reason, and *message is untouched. */
fl_envelope_rc fl_envelope_open_json(filch_message *message, char **texts, const char **why);
/* The body of a JSON envelope around a message, whose body is a JSON value or empty (null). The
 * caller frees it. NULL: the body is not JSON, a text not UTF-8, or memory is short. */
char *fl_envelope_close_json(const filch_message *message, size_t *size);
/* Is a text nested deeper than FL_JSON_DEPTH_MOST? It need not be valid JSON. */
bool fl_json_is_too_deep(const char *body, size_t size);
/* The last value of the key "payload" in a valid JSON object, as it stands, trimmed. NULL: there is none,
 * or the key is spelled with escapes. */
const char *fl_json_payload(const char *body, size_t size, size_t *length);

/* ---- Headers ---- */

/* Headers of a message as one text, NAME NUL VALUE NUL ..., for brokers that keep them in one field. */

/* Writes `more`, and those of `old` whose names are not among them; `to` may be NULL. Returns the
 * number of bytes. */
size_t fl_headers_pack(char *to, const filch_header *more, size_t more_count,
                       const filch_header *old, size_t old_count);
/* The delivery of a message of config->queues[queue] whose headers are the packed text; an
 * incomplete text has none. body_size: of the body as sent, of which the message may lack all if it
 * exceeds config->body_most. Sets `queue` and `malformed`. NULL: no memory. */
fl_delivery *fl_headers_deliver(const fl_broker_config *config, unsigned queue,
                                filch_message message, const char *text, size_t size,
                                uint64_t body_size);

/* ---- Fields as text ---- */

/* Fields of a message as texts, for brokers whose messages have headers: a broker names its fields in a
 * table, and the texts are written and read here. */

typedef enum fl_message_field_kind {
    FL_MESSAGE_TEXT,
    FL_MESSAGE_COUNT, /* unsigned */
    FL_MESSAGE_TIME,  /* ns, int64_t */
    FL_MESSAGE_TRACE
} fl_message_field_kind;

typedef struct fl_message_field {
    const char *name;
    fl_message_field_kind kind;
    size_t offset; /* in filch_message */
} fl_message_field;

/* The names of most brokers. The table ends with a name that is NULL. */
extern const fl_message_field fl_message_fields[];

/* NULL: none of the table has this name, in capitals or not. */
const fl_message_field *fl_message_field_named(const fl_message_field *table, const char *name);
/* A field that is set; NULL: it is not. The text is the message's, or in `room`. */
const char *fl_message_field_text(const fl_message_field *field, const filch_message *message,
                                  char room[FILCH_TRACEPARENT_TEXT]);
/* A text is not copied: it outlives the message. A damaged number or trace is as if there were none. */
void fl_message_field_read(const fl_message_field *field, const char *value,
                           filch_message *message);

/* ---- Percent encoding ---- */

/* %XX, as URLs and headers have it. */

/* Replaces %XX by the byte; `to` may be `text`. Another % stays. Returns the place behind the NUL. */
char *fl_percent_decode(char *to, const char *text);
/* Has each % two hexadecimal digits behind it, which are not 00? */
bool fl_percent_is_valid(const char *text);

#endif
