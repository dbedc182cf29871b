/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/service/brokers/nats_header.h>

#include <runtime/service/percent.h>

#include <filch/trace.h>

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define ESCAPED "Filch-Escaped-"
#define HEADER "Filch-Header-"

typedef enum field_kind { TEXT, COUNT, TIME, TRACE } field_kind;

static const struct field {
    const char *name;
    field_kind kind;
    bool changes; /* in a copy */
    size_t offset;
} fields[] = {
    {"Filch-Id", TEXT, true, offsetof(filch_message, id)},
    {"Filch-Type", TEXT, false, offsetof(filch_message, type)},
    {"Content-Type", TEXT, false, offsetof(filch_message, content_type)},
    {"tracestate", TEXT, false, offsetof(filch_message, tracestate)},
    {"traceparent", TRACE, false, offsetof(filch_message, trace)},
    {"Filch-Attempt", COUNT, true, offsetof(filch_message, attempt)},
    {"Filch-Deliveries", COUNT, true, offsetof(filch_message, deliveries)},
    {"Filch-First-Seen", TIME, true, offsetof(filch_message, first_seen)},
    {"Filch-Delay", TIME, true, offsetof(filch_message, delay)},
    {"Filch-Expires", TIME, true, offsetof(filch_message, expires)},
};
enum { FIELDS = sizeof fields / sizeof *fields };

static bool begins(const char *text, const char *with)
{
    return strncasecmp(text, with, strlen(with)) == 0;
}

static const struct field *field_of(const char *key)
{
    const char *name = begins(key, ESCAPED) ? key + strlen(ESCAPED) : key;
    for (unsigned i = 0; i < FIELDS; i++)
        if (strcasecmp(fields[i].name, name) == 0)
            return &fields[i];
    return NULL;
}

bool fl_nats_is_changing(const char *key)
{
    const struct field *field = field_of(key);
    return begins(key, "Nats-") || (field && field->changes);
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

static const void *place_of(const struct field *field, const filch_message *message)
{
    return (const char *)message + field->offset;
}

/* The text of a field that is not zero; NULL otherwise. */
static const char *text_of(const struct field *field, const filch_message *message,
                           char buffer[FILCH_TRACE_TEXT])
{
    const void *place = place_of(field, message);
    if (field->kind == TEXT)
        return *(const char *const *)place;
    if (field->kind == TRACE)
        return filch_trace_format(place, buffer) ? NULL : buffer;
    const unsigned *count = place;
    const int64_t *time = place;
    int64_t number = field->kind == COUNT ? (int64_t)*count : *time;
    snprintf(buffer, FILCH_TRACE_TEXT, "%" PRId64, number);
    return number ? buffer : NULL;
}

natsStatus fl_nats_write_fields(natsMsg *to, const filch_message *message, bool changing)
{
    char buffer[FILCH_TRACE_TEXT];
    natsStatus status = NATS_OK;
    for (unsigned i = 0; i < FIELDS && status == NATS_OK; i++) {
        const char *text =
            changing && !fields[i].changes ? NULL : text_of(&fields[i], message, buffer);
        if (!text)
            continue;
        status = is_plain_value(text) ? natsMsgHeader_Add(to, fields[i].name, text)
                                      : add_escaped(to, ESCAPED, fields[i].name, text);
    }
    return status;
}

/* ---- Reading ---- */

static void read_number(const struct field *field, const char *value, void *place)
{
    char *end;
    long long number = strtoll(value, &end, 10);
    if (*end || number < 0)
        return;
    if (field->kind == TIME)
        *(int64_t *)place = number;
    else if (number <= INT32_MAX)
        *(unsigned *)place = (unsigned)number;
}

bool fl_nats_read_field(const char *key, const char *value, filch_message *message, char **at)
{
    const struct field *field = field_of(key);
    if (!field)
        return begins(key, "Nats-");
    void *place = (char *)message + field->offset;
    char *text = *at;
    if (field->kind == TRACE) {
        filch_trace_parse(place, value, strlen(value)); /* invalid: as if there were none */
    } else if (field->kind == TEXT) {
        *at = begins(key, ESCAPED) ? fl_percent_decode(text, value + (*value == '='))
                                   : stpcpy(text, value) + 1;
        *(const char **)place = text;
    } else {
        read_number(field, value, place);
    }
    return true;
}

size_t fl_nats_read_header(const char *key, const char *value, char *to)
{
    bool is_escaped = begins(key, HEADER);
    char *at = is_escaped ? fl_percent_decode(to, key + strlen(HEADER)) : stpcpy(to, key) + 1;
    at = is_escaped ? fl_percent_decode(at, value + (*value == '=')) : stpcpy(at, value) + 1;
    return (size_t)(at - to);
}
