/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/service/brokers/rabbit/rabbit.h>
#include <runtime/service/brokers/rabbit/table.h>

#include <runtime/service/broker.h>

#include <filch/timer.h>
#include <filch/traceparent.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

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
