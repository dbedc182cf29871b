/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/service/brokers/nats/header.h>

#include <runtime/service/message.h>

#include <filch/traceparent.h>

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define ESCAPED "Filch-Escaped-"
#define HEADER "Filch-Header-"

static const fl_message_field fields[] = {
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
    return fl_message_field_named(fields, begins(key, ESCAPED) ? key + strlen(ESCAPED) : key);
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
    for (const fl_message_field *field = fields; field->name && status == NATS_OK; field++) {
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
