/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/service/brokers/nats/message.h>

#include <filch/traceparent.h>
#include <runtime/service/broker.h>
#include <runtime/service/brokers/nats/nats.h>
#include <runtime/service/message.h>

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define ESCAPED "Filch-Escaped-"
#define HEADER "Filch-Header-"

static const fl_message_field own_fields[] = {
    {"Filch-Id", FL_MESSAGE_TEXT, offsetof(filch_message, id)},
    {"Filch-Type", FL_MESSAGE_TEXT, offsetof(filch_message, type)},
    {"Content-Type", FL_MESSAGE_TEXT, offsetof(filch_message, content_type)},
    {"tracestate", FL_MESSAGE_TEXT, offsetof(filch_message, tracestate)},
    {"traceparent", FL_MESSAGE_TRACE, offsetof(filch_message, trace)},
    {"Filch-Attempt", FL_MESSAGE_COUNT, offsetof(filch_message, attempt)},
    {"Filch-Deliveries", FL_MESSAGE_COUNT, offsetof(filch_message, deliveries)},
    {"Filch-First-Seen", FL_MESSAGE_TIME, offsetof(filch_message, first_seen)},
    {"Filch-Delay", FL_MESSAGE_TIME, offsetof(filch_message, delay)},
    {"Filch-Expires", FL_MESSAGE_TIME, offsetof(filch_message, expires)},
    {NULL, FL_MESSAGE_TEXT, 0},
};

static bool begins(const char *text, const char *with)
{
    return strncasecmp(text, with, strlen(with)) == 0;
}

static const fl_message_field *field_of(const char *key)
{
    return fl_message_field_named(own_fields, begins(key, ESCAPED) ? key + strlen(ESCAPED) : key);
}

/* A copy is another message: it has an id, counts and times of its own. */
static bool changes(const fl_message_field *field)
{
    return field->kind == FL_MESSAGE_COUNT || field->kind == FL_MESSAGE_TIME ||
           field->offset == offsetof(filch_message, id);
}

bool fl_nats_is_changing(const char *key)
{
    const fl_message_field *field = field_of(key);
    return begins(key, "Nats-") || (field && changes(field));
}

/* ---- Escapes ---- */

/* As it is, it arrives as it is. */
static bool is_plain_value(const char *value)
{
    size_t length = strlen(value);
    return length && !strpbrk(value, "\r\n") && !isspace((unsigned char)value[0]) &&
           !isspace((unsigned char)value[length - 1]);
}

static bool is_token(unsigned char c)
{
    return isalnum(c) || (c && strchr("!#$&'*+-.^_`|~", c));
}

static bool is_plain_name(const char *name)
{
    for (const char *at = name; *at; at++)
        if (!is_token((unsigned char)*at))
            return false;
    return *name && !begins(name, "Nats-") && !begins(name, "Filch-") && !field_of(name);
}

static char *escape(char *to, const char *text)
{
    for (; *text; text++)
        if (is_token((unsigned char)*text))
            *to++ = *text;
        else
            to += sprintf(to, "%%%02x", (unsigned char)*text);
    *to = '\0';
    return to + 1;
}

/* ---- Writing ---- */

static natsStatus add_escaped(natsMsg *to, const char *prefix, const char *name, const char *value)
{
    size_t length = strlen(prefix);
    char *key = malloc(length + 3 * strlen(name) + 3 * strlen(value) + sizeof "=" + 1);
    if (!key)
        return NATS_NO_MEMORY;
    memcpy(key, prefix, length);
    char *text = escape(key + length, name);
    *text = '='; /* libnats cannot read a message that has an empty header */
    escape(text + 1, value);
    natsStatus status = natsMsgHeader_Add(to, key, text);
    free(key);
    return status;
}

natsStatus fl_nats_write_header(natsMsg *to, const char *name, const char *value)
{
    if (is_plain_name(name) && is_plain_value(value))
        return natsMsgHeader_Add(to, name, value);
    return add_escaped(to, HEADER, name, value);
}

natsStatus fl_nats_write_fields(natsMsg *to, const filch_message *message, bool changing)
{
    char buffer[FILCH_TRACEPARENT_TEXT];
    natsStatus status = NATS_OK;
    for (const fl_message_field *field = own_fields; field->name && status == NATS_OK; field++) {
        const char *text =
            changing && !changes(field) ? NULL : fl_message_field_text(field, message, buffer);
        if (!text)
            continue;
        status = is_plain_value(text) ? natsMsgHeader_Add(to, field->name, text)
                                      : add_escaped(to, ESCAPED, field->name, text);
    }
    return status;
}

/* ---- Reading ---- */

bool fl_nats_read_field(const char *key, const char *value, filch_message *message, char **at)
{
    const fl_message_field *field = field_of(key);
    if (!field)
        return begins(key, "Nats-");
    if (field->kind == FL_MESSAGE_TEXT) {
        char *text = *at;
        *at = begins(key, ESCAPED) ? fl_percent_decode(text, value + (*value == '='))
                                   : stpcpy(text, value) + 1;
        value = text;
    }
    fl_message_field_read(field, value, message);
    return true;
}

size_t fl_nats_read_header(const char *key, const char *value, char *to)
{
    bool is_escaped = begins(key, HEADER);
    char *at = is_escaped ? fl_percent_decode(to, key + strlen(HEADER)) : stpcpy(to, key) + 1;
    at = is_escaped ? fl_percent_decode(at, value + (*value == '=')) : stpcpy(at, value) + 1;
    return (size_t)(at - to);
}

/* ---- Writing messages ---- */

natsMsg *fl_nats_write(const fl_nats *n, unsigned index, const char *subject,
                       const filch_message *message)
{
    natsMsg *out = fl_nats_message(n, index, subject, message->body, message->body_size);
    natsStatus status = out ? fl_nats_write_fields(out, message, false) : NATS_NO_MEMORY;
    for (size_t i = 0; i < message->header_count && status == NATS_OK; i++)
        status = fl_nats_write_header(out, message->headers[i].name, message->headers[i].value);
    if (status == NATS_OK)
        return out;
    natsMsg_Destroy(out);
    return NULL;
}

/* ---- Reading messages ---- */

/* $JS.ACK.STREAM.CONSUMER.DELIVERED.SEQUENCE.CONSUMED.TIME.PENDING; newer servers put domain and
 * account behind ACK, and may add more at the end. */
bool fl_nats_read_metadata(const char *answer_to, const char *stream, fl_nats_metadata *out)
{
    const char *token[16];
    unsigned count = 0;
    for (const char *at = answer_to; at && count < 16;
         at = strchr(at, '.') ? strchr(at, '.') + 1 : NULL)
        token[count++] = at;
    unsigned from = count == 9 ? 4 : count >= 11 ? 6 : 0;
    if (!from || strncmp(answer_to, "$JS.ACK.", 8) != 0)
        return false;
    size_t length = strlen(stream);
    *out = (fl_nats_metadata){.delivered = strtoull(token[from], NULL, 10),
                              .sequence = strtoull(token[from + 1], NULL, 10),
                              .stored = strtoll(token[from + 3], NULL, 10),
                              .left = strtoull(token[from + 4], NULL, 10)};
    return strncmp(token[from - 2], stream, length) == 0 && token[from - 2][length] == '.';
}

/* Fields that another program has left out come from the server. */
static void complete(const fl_nats *n, natsMsg *raw, filch_message *message, int64_t *delay,
                     char id[FL_NATS_SUBJECT])
{
    fl_nats_metadata data = {0};
    fl_nats_read_metadata(natsMsg_GetReply(raw), n->options.stream, &data);
    if (message->delay) { /* its first delivery was too early, and does not count */
        int64_t left = data.stored + message->delay - n->base.host->unix_time(n->base.host);
        *delay = left > message->delay ? message->delay : left;
        data.delivered -= data.delivered > 1;
        message->delay = 0;
    }
    message->deliveries += (unsigned)data.delivered;
    if (!message->first_seen)
        message->first_seen = data.stored;
    snprintf(id, FL_NATS_SUBJECT, "%s-%llu", n->options.stream, (unsigned long long)data.sequence);
    if (!message->id)
        message->id = id;
}

/* An upper limit of the bytes of all names and values, as text with NUL. */
static size_t header_bytes(natsMsg *raw, const char **keys, int count)
{
    size_t size = 0;
    for (int i = 0; i < count; i++) {
        const char **values = NULL;
        int value_count = 0;
        natsMsgHeader_Values(raw, keys[i], &values, &value_count);
        for (int k = 0; k < value_count; k++)
            size += strlen(keys[i]) + strlen(values[k]) + 2;
        free((void *)values);
    }
    return size;
}

/* Puts fields into the message, and other headers into `packed`. Returns the bytes of these. */
static size_t read_headers(natsMsg *raw, const char **keys, int count, filch_message *message,
                           char *fields, char *packed)
{
    size_t used = 0;
    for (int i = 0; i < count; i++) {
        const char **values = NULL;
        int value_count = 0;
        natsMsgHeader_Values(raw, keys[i], &values, &value_count);
        for (int k = 0; k < value_count; k++)
            if (!fl_nats_read_field(keys[i], values[k], message, &fields))
                used += fl_nats_read_header(keys[i], values[k], packed + used);
        free((void *)values);
    }
    return used;
}

fl_delivery *fl_nats_read(fl_nats *n, natsMsg *raw, unsigned queue, int64_t *delay)
{
    filch_message message = {.body = natsMsg_GetData(raw),
                             .body_size = (size_t)natsMsg_GetDataLength(raw)};
    size_t body_size = message.body_size;
    char id[FL_NATS_SUBJECT];
    const char **keys = NULL;
    int count = 0;
    *delay = 0;
    natsStatus status = natsMsgHeader_Keys(raw, &keys, &count);
    count = status == NATS_OK ? count : 0;
    size_t size = header_bytes(raw, keys, count);
    char *room = status == NATS_NO_MEMORY ? NULL : malloc(2 * size + 1);
    fl_delivery *delivery = NULL;
    if (room) {
        size_t used = read_headers(raw, keys, count, &message, room, room + size);
        if (body_size > n->config.body_most)
            message.body_size = 0;
        complete(n, raw, &message, delay, id);
        delivery = fl_headers_deliver(&n->config, queue, message, room + size, used, body_size);
    }
    free((void *)keys);
    free(room);
    if (!delivery)
        return NULL;
    delivery->handle = raw;
    delivery->tag[0] = n->life;
    if (status == NATS_PROTOCOL_ERROR)
        delivery->malformed = "headers that libnats cannot read (a value is empty)";
    return delivery;
}
