/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Fields of a message as texts, for brokers whose messages have headers: a broker names its fields in a
 * table, and the texts are written and read here. */
#ifndef FL_MESSAGE_FIELDS_H
#define FL_MESSAGE_FIELDS_H

#include <filch/message.h>
#include <filch/traceparent.h>

#include <stddef.h>

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

#endif
