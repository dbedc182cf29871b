/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/service/message_fields.h>

#include <filch/message.h>
#include <filch/traceparent.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

const fl_message_field fl_message_fields[] = {
    {"filch-id", FL_MESSAGE_TEXT, offsetof(filch_message, id)},
    {"filch-type", FL_MESSAGE_TEXT, offsetof(filch_message, type)},
    {"content-type", FL_MESSAGE_TEXT, offsetof(filch_message, content_type)},
    {"tracestate", FL_MESSAGE_TEXT, offsetof(filch_message, tracestate)},
    {"traceparent", FL_MESSAGE_TRACE, offsetof(filch_message, trace)},
    {"filch-attempt", FL_MESSAGE_COUNT, offsetof(filch_message, attempt)},
    {"filch-first-seen", FL_MESSAGE_TIME, offsetof(filch_message, first_seen)},
    {"filch-expires", FL_MESSAGE_TIME, offsetof(filch_message, expires)},
    {NULL, FL_MESSAGE_TEXT, 0},
};

const fl_message_field *fl_message_field_named(const fl_message_field *table, const char *name)
{
    while (table->name && strcasecmp(table->name, name) != 0)
        table++;
    return table->name ? table : NULL;
}

const char *fl_message_field_text(const fl_message_field *field, const filch_message *message,
                                  char room[FILCH_TRACEPARENT_TEXT])
{
    const void *place = (const char *)message + field->offset;
    int64_t number = 0;
    switch (field->kind) {
    case FL_MESSAGE_TEXT:
        return *(const char *const *)place;
    case FL_MESSAGE_TRACE:
        return filch_traceparent_format(place, room) ? NULL : room;
    case FL_MESSAGE_COUNT:
        number = *(const unsigned *)place;
        break;
    case FL_MESSAGE_TIME:
        number = *(const int64_t *)place;
        break;
    }
    snprintf(room, FILCH_TRACEPARENT_TEXT, "%" PRId64, number);
    return number ? room : NULL;
}

void fl_message_field_read(const fl_message_field *field, const char *value, filch_message *message)
{
    void *place = (char *)message + field->offset;
    char *end;
    long long number = strtoll(value, &end, 10);
    if (*end || number < 0)
        number = 0;
    switch (field->kind) {
    case FL_MESSAGE_TEXT:
        *(const char **)place = value;
        break;
    case FL_MESSAGE_TRACE:
        filch_traceparent_parse(place, value, strlen(value));
        break;
    case FL_MESSAGE_COUNT:
        *(unsigned *)place = number <= INT32_MAX ? (unsigned)number : 0;
        break;
    case FL_MESSAGE_TIME:
        *(int64_t *)place = number;
        break;
    }
}
