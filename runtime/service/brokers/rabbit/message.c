/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/service/brokers/rabbit/rabbit.h>
#include <runtime/service/brokers/rabbit/table.h>

#include <runtime/service/broker.h>
#include <runtime/service/message.h>

#include <filch/timer.h>
#include <filch/traceparent.h>

#include <stdlib.h>
#include <string.h>

/* Appends bytes and a NUL. Returns where they are. */
static char *append(char **at, amqp_bytes_t bytes)
{
    char *text = *at;
    if (bytes.len)
        memcpy(text, bytes.bytes, bytes.len);
    text[bytes.len] = '\0';
    *at += bytes.len + 1;
    return text;
}

/* The texts of a message that are properties; a field without its flag is not set. */
static amqp_bytes_t property(const amqp_basic_properties_t *properties, amqp_flags_t flag,
                             amqp_bytes_t bytes)
{
    return properties->_flags & flag ? bytes : amqp_empty_bytes;
}
#define PROPERTY(properties, flag, field)                                                          \
    property(properties, AMQP_BASIC_##flag##_FLAG, (properties)->field)

static size_t room_of(const amqp_basic_properties_t *p, const amqp_table_t *headers)
{
    size_t room = PROPERTY(p, MESSAGE_ID, message_id).len + PROPERTY(p, TYPE, type).len +
                  PROPERTY(p, CONTENT_TYPE, content_type).len + 3;
    for (int i = 0; i < headers->num_entries; i++) {
        const amqp_table_entry_t *entry = &headers->entries[i];
        room +=
            entry->key.len + 2 +
            (fl_rabbit_is_text(&entry->value) ? entry->value.value.bytes.len : FL_RABBIT_DIGITS);
    }
    return room;
}

/* Fields that filch wrote as headers, and the trace of any publisher. */
static void read_notes(const amqp_table_t *headers, filch_message *message, int64_t *deliveries,
                       int64_t *due, char **at)
{
    int64_t number;
    for (int i = 0; i < headers->num_entries; i++) {
        const amqp_table_entry_t *entry = &headers->entries[i];
        const amqp_field_value_t *value = &entry->value;
        bool is_number = fl_rabbit_number_of(value, &number);
        if (is_number && fl_rabbit_is_named(entry, FL_RABBIT_ATTEMPT) && number > 0 &&
            number <= UINT16_MAX)
            message->attempt = (unsigned)number;
        else if (is_number && fl_rabbit_is_named(entry, FL_RABBIT_FIRST_SEEN))
            message->first_seen = number;
        else if (is_number && fl_rabbit_is_named(entry, FL_RABBIT_DUE))
            *due = number;
        else if (is_number && fl_rabbit_is_named(entry, FL_RABBIT_FAILED))
            *deliveries = number;
        else if (fl_rabbit_is_text(value) && fl_rabbit_is_named(entry, FL_RABBIT_TRACE))
            filch_traceparent_parse(&message->trace, value->value.bytes.bytes,
                                    value->value.bytes.len);
        else if (fl_rabbit_is_text(value) && fl_rabbit_is_named(entry, FL_RABBIT_TRACESTATE))
            message->tracestate = append(at, value->value.bytes);
    }
}

/* A classic queue does not count; a quorum queue tells how often it has failed before, and nothing
 * at the first delivery. */
static unsigned deliveries_of(const fl_rabbit_queue *queue, int64_t failed)
{
    if (queue->classic)
        return 0;
    if (failed <= 0)
        return queue->part.redelivered ? 2 : 1;
    return failed < UINT16_MAX ? (unsigned)failed + 1 : UINT16_MAX;
}

/* NULL: empty, as if there were none. */
static const char *text_or_null(amqp_bytes_t bytes, char **at)
{
    return bytes.len ? append(at, bytes) : NULL;
}

uint64_t fl_rabbit_number(const amqp_basic_properties_t *properties)
{
    const amqp_table_entry_t *entry = properties->_flags & AMQP_BASIC_HEADERS_FLAG
                                          ? fl_rabbit_find(&properties->headers, FL_RABBIT_NUMBER)
                                          : NULL;
    return entry && entry->value.kind == AMQP_FIELD_KIND_I64 ? (uint64_t)entry->value.value.i64 : 0;
}

/* Packs the headers that are texts; *rest: the size of the others. true: the message has something
 * that filch_message lacks. */
static bool pack(char **at, const amqp_table_t *headers, size_t *rest)
{
    bool lacks = false;
    for (int i = 0; i < headers->num_entries; i++) {
        char digits[FL_RABBIT_DIGITS];
        amqp_bytes_t text;
        const amqp_table_entry_t *entry = &headers->entries[i];
        bool is_header = fl_rabbit_text_of(entry, digits, &text);
        if (is_header) {
            append(at, entry->key);
            append(at, text);
        } else if (!fl_rabbit_is_note(entry)) {
            *rest += entry->key.len + fl_rabbit_size_of(&entry->value);
        }
        lacks |= fl_rabbit_is_named(entry, FL_RABBIT_EXPIRATION) ||
                 fl_rabbit_is_named(entry, FL_RABBIT_USER) ||
                 (!fl_rabbit_is_note(entry) &&
                  !(is_header && entry->value.kind == AMQP_FIELD_KIND_UTF8));
    }
    return lacks;
}

/* NULL: no memory. */
static fl_rabbit_original *keep_original(const fl_rabbit_part *part)
{
    fl_rabbit_original *original = malloc(sizeof *original + part->raw.len);
    if (!original)
        return NULL;
    original->size = part->raw.len;
    memcpy(original->properties, part->raw.bytes, part->raw.len);
    return original;
}

/* Properties that filch_message lacks. */
static bool has_more(const amqp_basic_properties_t *p)
{
    const amqp_flags_t known = AMQP_BASIC_MESSAGE_ID_FLAG | AMQP_BASIC_TYPE_FLAG |
                               AMQP_BASIC_CONTENT_TYPE_FLAG | AMQP_BASIC_HEADERS_FLAG |
                               AMQP_BASIC_TIMESTAMP_FLAG | AMQP_BASIC_DELIVERY_MODE_FLAG;
    return (p->_flags & ~known) ||
           ((p->_flags & AMQP_BASIC_TIMESTAMP_FLAG) && p->timestamp >= INT32_MAX);
}

fl_delivery *fl_rabbit_decode(fl_rabbit *r, unsigned queue, const char *body, int64_t *due)
{
    const fl_rabbit_part *part = &r->queues[queue].part;
    const amqp_basic_properties_t *p = &part->properties;
    const amqp_table_t headers =
        p->_flags & AMQP_BASIC_HEADERS_FLAG ? p->headers : amqp_empty_table;
    char *text = malloc(room_of(p, &headers)), *at = text;
    filch_message message = {.body = body, .body_size = body ? part->size : 0};
    int64_t failed = 0;
    size_t rest = 0;
    *due = 0;
    if (!text)
        return NULL;
    bool lacks = pack(&at, &headers, &rest) || has_more(p);  /* packs in any case */
    bool is_copied = part->raw.len <= FL_RABBIT_COPIED_MOST; /* its copy has room for it */
    size_t packed = (size_t)(at - text);
    if ((p->_flags & AMQP_BASIC_TIMESTAMP_FLAG) && p->timestamp < INT32_MAX)
        message.first_seen = (int64_t)p->timestamp * FILCH_SECOND;
    read_notes(&headers, &message, &failed, due, &at);
    fl_rabbit_see_rung(r, queue, &headers);
    message.id = text_or_null(PROPERTY(p, MESSAGE_ID, message_id), &at);
    lacks |= r->url.adopt && !message.id;
    message.type = text_or_null(PROPERTY(p, TYPE, type), &at);
    message.content_type = text_or_null(PROPERTY(p, CONTENT_TYPE, content_type), &at);
    message.deliveries = deliveries_of(&r->queues[queue], failed);
    fl_delivery *delivery =
        fl_headers_deliver(&r->config, queue, message, text, is_copied ? packed : 0, part->size);
    free(text);
    if (delivery && (!is_copied || packed + rest > r->config.header_most))
        delivery->malformed = "the headers are longer than the service reads";
    if (delivery && lacks && is_copied && !(delivery->handle = keep_original(part))) {
        r->base.host->drop(r->base.host, delivery);
        return NULL;
    }
    return delivery;
}
