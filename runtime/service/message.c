/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/service/message.h>

#include <filch/service.h>
#include <filch/traceparent.h>
#include <filch/wait.h>
#include <runtime/platform/given.h>

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* The texts of a message besides its headers. */
static const size_t texts[] = {
    offsetof(filch_message, id),    offsetof(filch_message, type),
    offsetof(filch_message, queue), offsetof(filch_message, content_type),
    offsetof(filch_message, dedup), offsetof(filch_message, tracestate),
};
enum { TEXTS = sizeof texts / sizeof *texts };

static const char **text_of(const filch_message *message, unsigned i)
{
    return (const char **)(void *)((char *)(uintptr_t)message + texts[i]);
}

static size_t bytes_of(const char *text)
{
    return text ? strlen(text) + 1 : 0;
}

static size_t texts_size(const filch_message *message)
{
    size_t size = 0;
    for (unsigned i = 0; i < TEXTS; i++)
        size += bytes_of(*text_of(message, i));
    for (size_t i = 0; i < message->header_count; i++)
        size += bytes_of(message->headers[i].name) + bytes_of(message->headers[i].value);
    return size;
}

size_t fl_message_room(const filch_message *message)
{
    return message->header_count * sizeof(filch_header) + texts_size(message) + message->body_size +
           1;
}

static const char *put(char **at, const char *text)
{
    size_t size = bytes_of(text);
    if (!size)
        return NULL;
    char *copy = memcpy(*at, text, size);
    *at += size;
    return copy;
}

void fl_message_copy(filch_message *to, const filch_message *message, void *room)
{
    filch_header *headers = room;
    char *at = (char *)(headers + message->header_count);
    *to = *message;
    to->headers = headers;
    for (size_t i = 0; i < message->header_count; i++) {
        headers[i].name = put(&at, message->headers[i].name);
        headers[i].value = put(&at, message->headers[i].value);
    }
    for (unsigned i = 0; i < TEXTS; i++)
        *text_of(to, i) = put(&at, *text_of(message, i));
    if (message->body_size)
        memcpy(at, message->body, message->body_size);
    at[message->body_size] = '\0';
    to->body = at;
}

const char *fl_message_excess(const filch_message *message)
{
    if (message->body_size > FL_BODY_MOST)
        return "body over 16 MiB";
    return texts_size(message) > FL_HEADERS_MOST ? "headers over 64 KiB" : NULL;
}

void fl_message_random_id(char id[FL_ID_BYTES])
{
    static const char digits[] = "0123456789abcdef";
    filch_traceparent random;
    filch_traceparent_begin(&random, false);
    for (unsigned i = 0; i < sizeof random.trace; i++) {
        id[2 * i] = digits[random.trace[i] >> 4];
        id[2 * i + 1] = digits[random.trace[i] & 15];
    }
    id[2 * sizeof random.trace] = '\0';
}

const char *filch_message_header(const filch_message *message, const char *name)
{
    FL_MUST_GIVE(message);
    for (size_t i = 0; message && name && i < message->header_count; i++)
        if (strcasecmp(message->headers[i].name, name) == 0)
            return message->headers[i].value;
    return NULL;
}

/* The headers lie in the copy's own room. */
static void remove_header(filch_message *copy, const char *value)
{
    filch_header *headers = (filch_header *)(uintptr_t)copy->headers;
    size_t at = 0;
    while (at < copy->header_count && headers[at].value != value)
        at++;
    if (at < copy->header_count) {
        copy->header_count--;
        memmove(headers + at, headers + at + 1, (copy->header_count - at) * sizeof *headers);
    }
}

void fl_message_take_trace(filch_message *copy)
{
    static const struct {
        const char *parent, *state;
    } names[] = {{"traceparent", "tracestate"},
                 {"googclient_traceparent", "googclient_tracestate"},
                 {"Diagnostic-Id", NULL}};
    static const filch_traceparent none;
    for (unsigned i = 0; i < sizeof names / sizeof *names; i++) {
        const char *parent = filch_message_header(copy, names[i].parent);
        if (!parent || filch_traceparent_parse(&copy->trace, parent, strlen(parent)))
            parent = NULL;
        if (parent)
            copy->tracestate = filch_message_header(copy, names[i].state);
        if (parent && i == 0) {
            remove_header(copy, parent);
            remove_header(copy, copy->tracestate);
        }
        if (memcmp(&copy->trace, &none, sizeof none) != 0)
            return;
    }
}

void fl_dead_headers_fill(fl_dead_headers *out, const char *reason, const char *queue,
                          int64_t unix_time)
{
    snprintf(out->when, sizeof out->when, "%" PRId64, unix_time / FILCH_SECOND);
    out->header[0] = (filch_header){"x-dlq-reason", reason};
    out->header[1] = (filch_header){"x-dlq-timestamp", out->when};
    out->header[2] = (filch_header){"x-original-queue", queue};
}

/* ---- Headers ---- */

static bool is_replaced(const filch_header *header, const filch_header *by, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strcasecmp(header->name, by[i].name) == 0)
            return true;
    return false;
}

/* Appends the text with its NUL. */
static size_t pack(char *to, size_t used, const char *text)
{
    size_t size = strlen(text) + 1;
    if (to)
        memcpy(to + used, text, size);
    return used + size;
}

size_t fl_headers_pack(char *to, const filch_header *more, size_t more_count,
                       const filch_header *old, size_t old_count)
{
    size_t used = 0;
    for (size_t i = 0; i < more_count; i++)
        used = pack(to, pack(to, used, more[i].name), more[i].value);
    for (size_t i = 0; i < old_count; i++)
        if (!is_replaced(&old[i], more, more_count))
            used = pack(to, pack(to, used, old[i].name), old[i].value);
    return used;
}

/* Returns how many; `out` may be NULL. The texts lie in `text`, which ends with NUL. */
static size_t unpack(const char *text, size_t size, filch_header *out)
{
    size_t count = 0;
    for (const char *at = text, *end = text + size; at < end; count++) {
        const char *value = at + strlen(at) + 1;
        if (value >= end)
            break;
        if (out)
            out[count] = (filch_header){at, value};
        at = value + strlen(value) + 1;
    }
    return count;
}

fl_delivery *fl_headers_deliver(const fl_broker_config *config, unsigned queue,
                                filch_message message, const char *text, size_t size,
                                uint64_t body_size)
{
    bool has_end = size && text[size - 1] == '\0';
    size_t count = has_end ? unpack(text, size, NULL) : 0;
    filch_header *headers = count ? malloc(count * sizeof *headers) : NULL;
    if (count && !headers)
        return NULL;
    if (count)
        unpack(text, size, headers);
    message.headers = headers;
    message.header_count = count;
    message.queue = config->queues[queue];
    fl_delivery *delivery = config->host->delivery(config->host, &message);
    free(headers);
    if (!delivery)
        return NULL;
    fl_message_take_trace(&delivery->message);
    delivery->queue = queue;
    if (body_size > config->body_most)
        delivery->malformed = "the body is longer than the service reads";
    else if (size > config->header_most)
        delivery->malformed = "the headers are longer than the service reads";
    return delivery;
}

/* ---- Fields as text ---- */

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

/* ---- Percent encoding ---- */

static int digit(char c)
{
    static const char digits[] = "0123456789abcdef";
    const char *at = c ? strchr(digits, tolower((unsigned char)c)) : NULL;
    return at ? (int)(at - digits) : -1;
}

/* The byte of %XX; -1: it is none. */
static int byte_at(const char *text)
{
    int high = *text == '%' ? digit(text[1]) : -1, low = high < 0 ? -1 : digit(text[2]);
    return low < 0 ? -1 : high << 4 | low;
}

char *fl_percent_decode(char *to, const char *text)
{
    for (; *text; text++) {
        int byte = byte_at(text);
        *to++ = byte < 0 ? *text : (char)byte;
        text += byte < 0 ? 0 : 2;
    }
    *to = '\0';
    return to + 1;
}

bool fl_percent_is_valid(const char *text)
{
    while ((text = strchr(text, '%')))
        if (byte_at(text++) <= 0)
            return false;
    return true;
}
