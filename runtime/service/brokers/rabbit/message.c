/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/service/brokers/rabbit/message.h>

#include <filch/timer.h>
#include <filch/traceparent.h>
#include <runtime/service/broker.h>
#include <runtime/service/brokers/rabbit/rabbit.h>
#include <runtime/service/message.h>

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

bool fl_rabbit_number_of(const amqp_field_value_t *value, int64_t *out)
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

bool fl_rabbit_is_text(const amqp_field_value_t *value)
{
    return value->kind == AMQP_FIELD_KIND_UTF8 || value->kind == AMQP_FIELD_KIND_BYTES;
}

bool fl_rabbit_is_named(const amqp_table_entry_t *entry, const char *name)
{
    return entry->key.len == strlen(name) &&
           strncasecmp(entry->key.bytes, name, entry->key.len) == 0;
}

bool fl_rabbit_is_routing(const amqp_table_entry_t *entry)
{
    return (entry->key.len == 2 && memcmp(entry->key.bytes, "CC", 2) == 0) ||
           (entry->key.len == 3 && memcmp(entry->key.bytes, "BCC", 3) == 0);
}

bool fl_rabbit_is_trace(const amqp_table_entry_t *entry)
{
    filch_traceparent trace;
    return fl_rabbit_is_text(&entry->value) &&
           (fl_rabbit_is_named(entry, FL_RABBIT_TRACESTATE) ||
            (fl_rabbit_is_named(entry, FL_RABBIT_TRACE) &&
             !filch_traceparent_parse(&trace, entry->value.value.bytes.bytes,
                                      entry->value.value.bytes.len)));
}

bool fl_rabbit_is_note(const amqp_table_entry_t *entry)
{
    static const char *const notes[] = {"x-filch-", "x-death", "x-first-death-", "x-last-death-"};
    for (unsigned i = 0; i < sizeof notes / sizeof *notes; i++)
        if (entry->key.len >= strlen(notes[i]) &&
            strncasecmp(entry->key.bytes, notes[i], strlen(notes[i])) == 0)
            return true;
    return fl_rabbit_is_named(entry, FL_RABBIT_FAILED) || fl_rabbit_is_routing(entry) ||
           fl_rabbit_is_trace(entry);
}

bool fl_rabbit_text_of(const amqp_table_entry_t *entry, char digits[FL_RABBIT_DIGITS],
                       amqp_bytes_t *out)
{
    int64_t number;
    if (fl_rabbit_is_note(entry) || memchr(entry->key.bytes, '\0', entry->key.len))
        return false;
    *out = entry->value.value.bytes;
    if (fl_rabbit_number_of(&entry->value, &number)) {
        snprintf(digits, FL_RABBIT_DIGITS, "%" PRId64, number);
        *out = amqp_cstring_bytes(digits);
        return true;
    }
    return fl_rabbit_is_text(&entry->value) && !(out->len && memchr(out->bytes, '\0', out->len));
}

size_t fl_rabbit_size_of(const amqp_field_value_t *value)
{
    size_t size = 1 + sizeof(uint64_t);
    if (fl_rabbit_is_text(value))
        size = 5 + value->value.bytes.len;
    for (int i = 0; value->kind == AMQP_FIELD_KIND_ARRAY && i < value->value.array.num_entries; i++)
        size += fl_rabbit_size_of(&value->value.array.entries[i]);
    for (int i = 0; value->kind == AMQP_FIELD_KIND_TABLE && i < value->value.table.num_entries; i++)
        size += 1 + value->value.table.entries[i].key.len +
                fl_rabbit_size_of(&value->value.table.entries[i].value);
    return size;
}

const amqp_table_entry_t *fl_rabbit_find(const amqp_table_t *table, const char *name)
{
    for (int i = 0; i < table->num_entries; i++)
        if (fl_rabbit_is_named(&table->entries[i], name))
            return &table->entries[i];
    return NULL;
}

/* ---- Messages ---- */

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

/* ---- Encoding ---- */

enum { OWN_HEADERS = 8 };

/* A message in the making. */
typedef struct encoding {
    const fl_rabbit_copy *copy;
    amqp_basic_properties_t from; /* the original's */
    amqp_table_t headers;
    size_t size;
} encoding;

static void add(encoding *e, amqp_bytes_t name, amqp_field_value_t value)
{
    e->headers.entries[e->headers.num_entries++] = (amqp_table_entry_t){name, value};
    e->size += 1 + name.len + fl_rabbit_size_of(&value);
}

static void add_text(encoding *e, const char *name, amqp_bytes_t text)
{
    add(e, amqp_cstring_bytes(name),
        (amqp_field_value_t){.kind = AMQP_FIELD_KIND_UTF8, .value.bytes = text});
}

/* 0: none. */
static void add_number(encoding *e, const char *name, int64_t number)
{
    if (number)
        add(e, amqp_cstring_bytes(name),
            (amqp_field_value_t){.kind = AMQP_FIELD_KIND_I64, .value.i64 = number});
}

/* Sets a property that may be absent; false: it is too long. */
static bool put(amqp_basic_properties_t *to, amqp_bytes_t *property, amqp_flags_t flag,
                const char *text)
{
    if (!text)
        return true;
    *property = amqp_cstring_bytes(text);
    to->_flags |= flag;
    return property->len <= FL_RABBIT_SHORT_MOST;
}

/* Those of the original, and over them those of the message. The server refuses a user_id that is not
 * the connection's, and an expiration would end a delay. false: one is too long. */
static bool put_properties(const encoding *e, const char *user, amqp_basic_properties_t *to)
{
    const filch_message *message = e->copy->message;
    *to = e->from;
    to->_flags &= ~(amqp_flags_t)(AMQP_BASIC_HEADERS_FLAG | AMQP_BASIC_EXPIRATION_FLAG);
    if (e->from.user_id.len != strlen(user) ||
        memcmp(e->from.user_id.bytes, user, e->from.user_id.len) != 0)
        to->_flags &= ~(amqp_flags_t)AMQP_BASIC_USER_ID_FLAG;
    if (message->first_seen && !(to->_flags & AMQP_BASIC_TIMESTAMP_FLAG)) {
        to->timestamp = (uint64_t)(message->first_seen / FILCH_SECOND);
        to->_flags |= AMQP_BASIC_TIMESTAMP_FLAG;
    }
    to->delivery_mode = AMQP_DELIVERY_PERSISTENT;
    to->_flags |= AMQP_BASIC_DELIVERY_MODE_FLAG;
    return put(to, &to->message_id, AMQP_BASIC_MESSAGE_ID_FLAG, message->id) &&
           put(to, &to->type, AMQP_BASIC_TYPE_FLAG, message->type) &&
           put(to, &to->content_type, AMQP_BASIC_CONTENT_TYPE_FLAG, message->content_type);
}

/* The original's value of this header, if it is the same text: *at goes over its entries. */
static bool take_typed(const encoding *e, const filch_header *header, int *at,
                       amqp_field_value_t *out)
{
    char digits[FL_RABBIT_DIGITS];
    amqp_bytes_t text;
    const amqp_table_t *table = &e->from.headers;
    for (int i = *at; i < table->num_entries; i++) {
        const amqp_table_entry_t *entry = &table->entries[i];
        if (!fl_rabbit_is_named(entry, header->name) || !fl_rabbit_text_of(entry, digits, &text) ||
            text.len != strlen(header->value) || memcmp(text.bytes, header->value, text.len) != 0)
            continue;
        *out = entry->value;
        *at = i + 1;
        return true;
    }
    return false;
}

/* The message's headers, with the types of the original. */
static int add_headers(encoding *e, bool is_traced)
{
    int at = 0;
    const filch_message *message = e->copy->message;
    for (size_t i = 0; i < message->header_count; i++) {
        amqp_table_entry_t entry = {.key = amqp_cstring_bytes(message->headers[i].name),
                                    .value = {.kind = AMQP_FIELD_KIND_UTF8,
                                              .value.bytes =
                                                  amqp_cstring_bytes(message->headers[i].value)}};
        if (entry.key.len > FL_RABBIT_SHORT_MOST)
            return -EMSGSIZE;
        if (fl_rabbit_is_routing(&entry))
            return -ENOTSUP;
        if (fl_rabbit_is_note(&entry) && (is_traced || !fl_rabbit_is_trace(&entry)))
            continue;
        take_typed(e, &message->headers[i], &at, &entry.value);
        add(e, entry.key, entry.value);
    }
    return 0;
}

/* Headers of the original that are no texts, unless others replace them. */
static void add_rest(encoding *e)
{
    char digits[FL_RABBIT_DIGITS];
    amqp_bytes_t text;
    const filch_message *message = e->copy->message;
    for (int i = 0; i < e->from.headers.num_entries; i++) {
        const amqp_table_entry_t *entry = &e->from.headers.entries[i];
        bool is_replaced = fl_rabbit_is_note(entry) || fl_rabbit_text_of(entry, digits, &text);
        for (size_t k = 0; k < message->header_count && !is_replaced; k++)
            is_replaced = fl_rabbit_is_named(entry, message->headers[k].name);
        if (!is_replaced)
            add(e, entry->key, entry->value);
    }
}

/* A property of the original that its copy has as a note; or that note, of a copy of a copy. */
static void add_kept(encoding *e, const char *name, bool is_left_out, amqp_bytes_t property)
{
    const amqp_table_entry_t *before = fl_rabbit_find(&e->from.headers, name);
    if (is_left_out)
        add_text(e, name, property);
    else if (before && fl_rabbit_is_text(&before->value))
        add_text(e, name, before->value.value.bytes);
}

static void add_notes(encoding *e, amqp_flags_t kept, const char *trace, const char *state)
{
    const filch_message *message = e->copy->message;
    amqp_flags_t left_out = e->from._flags & ~kept;
    add_number(e, FL_RABBIT_NUMBER, (int64_t)e->copy->number);
    add_number(e, FL_RABBIT_ATTEMPT, message->attempt);
    add_number(e, FL_RABBIT_FIRST_SEEN, message->first_seen);
    add_number(e, FL_RABBIT_DUE, e->copy->due);
    add_kept(e, FL_RABBIT_EXPIRATION, left_out & AMQP_BASIC_EXPIRATION_FLAG, e->from.expiration);
    add_kept(e, FL_RABBIT_USER, left_out & AMQP_BASIC_USER_ID_FLAG, e->from.user_id);
    if (*trace)
        add_text(e, FL_RABBIT_TRACE, amqp_cstring_bytes(trace));
    if (state)
        add_text(e, FL_RABBIT_TRACESTATE, amqp_cstring_bytes(state));
}

/* 0, or -EAGAIN (no memory). */
static int read_original(encoding *e, amqp_pool_t *pool)
{
    void *decoded = NULL;
    fl_rabbit_original *original = e->copy->original ? e->copy->original->handle : NULL;
    if (!original)
        return 0;
    const amqp_bytes_t bytes = {original->size, original->properties};
    if (amqp_decode_properties(AMQP_BASIC_CLASS, pool, bytes, &decoded))
        return -EAGAIN;
    e->from = *(amqp_basic_properties_t *)decoded;
    if (!(e->from._flags & AMQP_BASIC_HEADERS_FLAG))
        e->from.headers = amqp_empty_table;
    return 0;
}

/* The trace of the message's field, written to text, and its state; "" and NULL: there is none, or a
 * header names the trace, which counts before the field. */
static const char *field_trace(const filch_message *message, char *text)
{
    filch_traceparent of_header;
    const char *header = filch_message_header(message, FL_RABBIT_TRACE);
    bool is_named = header && filch_traceparent_parse(&of_header, header, strlen(header)) == 0;
    if (is_named || filch_traceparent_format(&message->trace, text))
        text[0] = '\0';
    return is_named ? NULL : message->tracestate;
}

int fl_rabbit_encode(const fl_rabbit *r, const fl_rabbit_copy *copy, fl_rabbit_encoded *out)
{
    enum { PAGE = 4096 };
    const filch_message *message = copy->message;
    encoding e = {.copy = copy};
    *out = (fl_rabbit_encoded){0};
    init_amqp_pool(&out->pool, PAGE);
    int error = read_original(&e, &out->pool);
    if (error)
        return error;
    size_t most = message->header_count + (size_t)e.from.headers.num_entries + OWN_HEADERS;
    out->entries = e.headers.entries = malloc(most * sizeof *out->entries);
    if (!out->entries)
        return -EAGAIN;
    const char *state = field_trace(message, out->trace);
    if (!put_properties(&e, r->url.user, &out->properties))
        return -EMSGSIZE;
    error = add_headers(&e, *out->trace || state);
    if (error)
        return error;
    add_rest(&e);
    add_notes(&e, out->properties._flags, out->trace, state);
    out->properties.headers = e.headers;
    out->properties._flags |= AMQP_BASIC_HEADERS_FLAG;
    return e.size > FL_RABBIT_HEADERS_MOST ? -EMSGSIZE : 0;
}

void fl_rabbit_encoded_end(fl_rabbit_encoded *encoded)
{
    free(encoded->entries);
    empty_amqp_pool(&encoded->pool);
}
