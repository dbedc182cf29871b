/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/platform/given.h>
#include <runtime/service/message.h>

#include <filch/wait.h>

#include <inttypes.h>
#include <stdio.h>
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
