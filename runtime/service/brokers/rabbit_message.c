/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/service/brokers/rabbit.h>

#include <runtime/service/broker.h>
#include <runtime/service/headers.h>

#include <filch/timer.h>
#include <filch/traceparent.h>

#include <amqp_framing.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Fields of a message that AMQP has no property for. */
static const char key_attempt[] = "x-filch-attempt", key_first_seen[] = "x-filch-first-seen",
                  key_due[] = "x-filch-due", key_trace[] = "x-filch-trace",
                  key_tracestate[] = "x-filch-tracestate", key_copy[] = "x-filch-copy",
                  key_deliveries[] = "x-delivery-count";

enum { OWN_HEADERS = 6, NUMBER_BYTES = 32, SHORT_MOST = 255, HEADERS_MOST = 120 << 10 };

/* ---- Names ---- */

static bool is_named(const amqp_table_entry_t *entry, const char *name)
{
    return entry->key.len == strlen(name) &&
           strncasecmp(entry->key.bytes, name, entry->key.len) == 0;
}

static bool begins(const amqp_table_entry_t *entry, const char *with)
{
    return entry->key.len >= strlen(with) && strncasecmp(entry->key.bytes, with, strlen(with)) == 0;
}

/* Notes of filch, and of the server about this delivery, are no headers of the message. */
static bool is_note(const amqp_table_entry_t *entry)
{
    static const char *const notes[] = {"x-filch-", "x-death", "x-first-death-", "x-last-death-"};
    for (unsigned i = 0; i < sizeof notes / sizeof *notes; i++)
        if (begins(entry, notes[i]))
            return true;
    return is_named(entry, key_deliveries);
}

/* ---- Sending ---- */

static amqp_table_entry_t text_entry(const char *name, const char *value)
{
    return (amqp_table_entry_t){.key = amqp_cstring_bytes(name),
                                .value = {.kind = AMQP_FIELD_KIND_UTF8,
                                          .value.bytes = amqp_cstring_bytes(value)}};
}

static amqp_table_entry_t number_entry(const char *name, int64_t value)
{
    return (amqp_table_entry_t){.key = amqp_cstring_bytes(name),
                                .value = {.kind = AMQP_FIELD_KIND_I64, .value.i64 = value}};
}

/* Sets a property that may be absent; false: it is too long. */
static bool put(amqp_basic_properties_t *to, amqp_bytes_t *property, amqp_flags_t flag,
                const char *text)
{
    if (!text)
        return true;
    *property = amqp_cstring_bytes(text);
    to->_flags |= flag;
    return property->len <= SHORT_MOST;
}

/* Properties of the message; false: one is too long. */
static bool put_properties(const filch_message *message, amqp_basic_properties_t *to)
{
    to->_flags =
        AMQP_BASIC_DELIVERY_MODE_FLAG | AMQP_BASIC_HEADERS_FLAG | AMQP_BASIC_TIMESTAMP_FLAG;
    to->delivery_mode = AMQP_DELIVERY_PERSISTENT;
    to->timestamp = (uint64_t)(message->first_seen / FILCH_SECOND);
    return put(to, &to->message_id, AMQP_BASIC_MESSAGE_ID_FLAG, message->id) &&
           put(to, &to->type, AMQP_BASIC_TYPE_FLAG, message->type) &&
           put(to, &to->content_type, AMQP_BASIC_CONTENT_TYPE_FLAG, message->content_type);
}

/* Packed headers as entries. Returns how many, or -1: a name is too long. */
static int unpack(const char *text, size_t size, amqp_table_entry_t *entries)
{
    int count = 0;
    for (const char *name = text; name < text + size;) {
        const char *value = name + strlen(name) + 1;
        if (strlen(name) > SHORT_MOST)
            return -1;
        entries[count] = text_entry(name, value);
        count += !is_note(&entries[count]);
        name = value + strlen(value) + 1;
    }
    return count;
}

static int put_own(const fl_rabbit_copy *copy, char *trace, amqp_table_entry_t *entries)
{
    int count = 0;
    const filch_message *message = copy->message;
    entries[count++] = number_entry(key_copy, (int64_t)copy->number);
    entries[count++] = number_entry(key_attempt, copy->attempt);
    entries[count++] = number_entry(key_first_seen, message->first_seen);
    if (copy->due)
        entries[count++] = number_entry(key_due, copy->due);
    if (filch_traceparent_format(&message->trace, trace) == 0)
        entries[count++] = text_entry(key_trace, trace);
    if (message->tracestate)
        entries[count++] = text_entry(key_tracestate, message->tracestate);
    return count;
}

int fl_rabbit_encode(const fl_rabbit_copy *copy, fl_rabbit_encoded *out)
{
    const filch_message *message = copy->message;
    *out = (fl_rabbit_encoded){0};
    size_t size = fl_headers_pack(NULL, copy->more, copy->more_count, message->headers,
                                  message->header_count);
    size_t own = message->tracestate ? strlen(message->tracestate) : 0;
    size_t most = message->header_count + copy->more_count + OWN_HEADERS;
    if (size + own + most * 8 > HEADERS_MOST || !put_properties(message, &out->properties))
        return -EMSGSIZE; /* they have to be in one frame */
    out->text = malloc(size + FILCH_TRACEPARENT_TEXT);
    out->entries = malloc(most * sizeof *out->entries);
    if (!out->text || !out->entries)
        return -EAGAIN;
    fl_headers_pack(out->text, copy->more, copy->more_count, message->headers,
                    message->header_count);
    int count = unpack(out->text, size, out->entries);
    if (count < 0)
        return -EMSGSIZE;
    count += put_own(copy, out->text + size, out->entries + count);
    out->properties.headers = (amqp_table_t){count, out->entries};
    return 0;
}

/* ---- Receiving ---- */

/* false: it is no integer. */
static bool number_of(const amqp_field_value_t *value, int64_t *out)
{
    switch (value->kind) {
    case AMQP_FIELD_KIND_BOOLEAN:
        *out = value->value.boolean != 0;
        return true;
    case AMQP_FIELD_KIND_I8:
        *out = value->value.i8;
        return true;
    case AMQP_FIELD_KIND_U8:
        *out = value->value.u8;
        return true;
    case AMQP_FIELD_KIND_I16:
        *out = value->value.i16;
        return true;
    case AMQP_FIELD_KIND_U16:
        *out = value->value.u16;
        return true;
    case AMQP_FIELD_KIND_I32:
        *out = value->value.i32;
        return true;
    case AMQP_FIELD_KIND_U32:
        *out = value->value.u32;
        return true;
    case AMQP_FIELD_KIND_I64:
        *out = value->value.i64;
        return true;
    case AMQP_FIELD_KIND_TIMESTAMP:
        *out = (int64_t)value->value.u64;
        return true;
    default:
        return false;
    }
}

static bool is_text(const amqp_field_value_t *value)
{
    return value->kind == AMQP_FIELD_KIND_UTF8 || value->kind == AMQP_FIELD_KIND_BYTES;
}

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

/* Packs a header: a text, or a number as its digits. Others, such as tables, are left out. */
static void pack(char **at, const amqp_table_entry_t *entry)
{
    int64_t number;
    char digits[NUMBER_BYTES];
    amqp_bytes_t value = entry->value.value.bytes;
    if (is_note(entry) || memchr(entry->key.bytes, '\0', entry->key.len))
        return;
    if (number_of(&entry->value, &number)) {
        snprintf(digits, sizeof digits, "%" PRId64, number);
        value = amqp_cstring_bytes(digits);
    } else if (!is_text(&entry->value) || (value.len && memchr(value.bytes, '\0', value.len))) {
        return;
    }
    append(at, entry->key);
    append(at, value);
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
        room += entry->key.len + 2 +
                (is_text(&entry->value) ? entry->value.value.bytes.len : NUMBER_BYTES);
    }
    return room;
}

/* Fields that filch wrote as headers. */
static void read_notes(const amqp_table_t *headers, filch_message *message, int64_t *deliveries,
                       int64_t *due, char **at)
{
    int64_t number;
    for (int i = 0; i < headers->num_entries; i++) {
        const amqp_table_entry_t *entry = &headers->entries[i];
        const amqp_field_value_t *value = &entry->value;
        bool is_number = number_of(value, &number);
        if (is_number && is_named(entry, key_attempt) && number > 0 && number <= UINT16_MAX)
            message->attempt = (unsigned)number;
        else if (is_number && is_named(entry, key_first_seen))
            message->first_seen = number;
        else if (is_number && is_named(entry, key_due))
            *due = number;
        else if (is_number && is_named(entry, key_deliveries))
            *deliveries = number;
        else if (is_text(value) && is_named(entry, key_trace))
            filch_traceparent_parse(&message->trace, value->value.bytes.bytes,
                                    value->value.bytes.len);
        else if (is_text(value) && is_named(entry, key_tracestate))
            message->tracestate = append(at, value->value.bytes);
    }
}

/* A classic queue does not count; a quorum queue tells how often it has failed before, and nothing
 * at the first delivery. */
static unsigned deliveries_of(const fl_rabbit *r, const fl_rabbit_part *part, int64_t failed)
{
    if (r->url.classic)
        return 0;
    if (failed <= 0)
        return part->redelivered ? 2 : 1;
    return failed < UINT16_MAX ? (unsigned)failed + 1 : UINT16_MAX;
}

/* NULL: empty, as if there were none. */
static const char *text_of(amqp_bytes_t bytes, char **at)
{
    return bytes.len ? append(at, bytes) : NULL;
}

uint64_t fl_rabbit_number(const amqp_basic_properties_t *properties)
{
    bool has_headers = properties->_flags & AMQP_BASIC_HEADERS_FLAG;
    for (int i = 0; has_headers && i < properties->headers.num_entries; i++) {
        const amqp_table_entry_t *entry = &properties->headers.entries[i];
        if (is_named(entry, key_copy) && entry->value.kind == AMQP_FIELD_KIND_I64)
            return (uint64_t)entry->value.value.i64;
    }
    return 0;
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
    *due = 0;
    if (!text)
        return NULL;
    for (int i = 0; i < headers.num_entries; i++)
        pack(&at, &headers.entries[i]);
    size_t packed = (size_t)(at - text);
    if (p->_flags & AMQP_BASIC_TIMESTAMP_FLAG)
        message.first_seen = (int64_t)(p->timestamp % INT32_MAX) * FILCH_SECOND;
    read_notes(&headers, &message, &failed, due, &at);
    message.id = text_of(PROPERTY(p, MESSAGE_ID, message_id), &at);
    message.type = text_of(PROPERTY(p, TYPE, type), &at);
    message.content_type = text_of(PROPERTY(p, CONTENT_TYPE, content_type), &at);
    message.deliveries = deliveries_of(r, part, failed);
    bool fits = packed <= r->config.header_most; /* more might not fit into a copy */
    fl_delivery *delivery =
        fl_headers_deliver(&r->config, queue, message, text, fits ? packed : 0, part->size);
    if (delivery && !fits)
        delivery->malformed = "the headers are longer than the service reads";
    free(text);
    return delivery;
}
