/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/service/brokers/sqlite.h>

#include <runtime/service/broker.h>

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* ---- Headers: NAME NUL VALUE NUL ... ---- */

static bool is_replaced(const filch_header *header, const filch_header *by, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        if (strcasecmp(header->name, by[i].name) == 0)
            return true;
    return false;
}

/* Appends the text with its NUL; `to` may be NULL, to count. */
static size_t put(char *to, size_t used, const char *text)
{
    size_t size = strlen(text) + 1;
    if (to)
        memcpy(to + used, text, size);
    return used + size;
}

static size_t pack(char *to, const filch_header *more, unsigned more_count, const filch_header *old,
                   size_t old_count)
{
    size_t used = 0;
    for (unsigned i = 0; i < more_count; i++)
        used = put(to, put(to, used, more[i].name), more[i].value);
    for (size_t i = 0; i < old_count; i++)
        if (!is_replaced(&old[i], more, more_count))
            used = put(to, put(to, used, old[i].name), old[i].value);
    return used;
}

int fl_sqlite_bind_headers(sqlite3_stmt *statement, int parameter, const filch_header *more,
                           unsigned more_count, const filch_header *old, size_t old_count)
{
    size_t size = pack(NULL, more, more_count, old, old_count);
    char *text = size ? sqlite3_malloc64(size) : NULL;
    if (size && !text)
        return SQLITE_NOMEM;
    pack(text, more, more_count, old, old_count);
    return sqlite3_bind_blob64(statement, parameter, text, size, sqlite3_free);
}

/* Returns how many. The texts lie in the blob, which ends with NUL. */
static size_t unpack(const char *blob, size_t size, filch_header *out)
{
    size_t count = 0;
    for (const char *at = blob, *end = blob + size; at < end; count++) {
        const char *value = at + strlen(at) + 1;
        if (value >= end)
            break;
        if (out)
            out[count] = (filch_header){at, value};
        at = value + strlen(value) + 1;
    }
    return count;
}

/* ---- Rows ---- */

static const char *text_of(sqlite3_stmt *row, int column)
{
    return (const char *)sqlite3_column_text(row, column);
}

/* Columns as in FL_SQLITE_COLUMNS. */
static void read_message(sqlite3_stmt *row, filch_message *out)
{
    const char *trace = text_of(row, 13);
    *out = (filch_message){.id = text_of(row, 3),
                           .type = text_of(row, 4),
                           .content_type = text_of(row, 5),
                           .dedup = text_of(row, 6),
                           .priority = (unsigned)sqlite3_column_int(row, 8),
                           .attempt = (unsigned)sqlite3_column_int(row, 9),
                           .deliveries = (unsigned)sqlite3_column_int(row, 10),
                           .expires = sqlite3_column_int64(row, 11),
                           .first_seen = sqlite3_column_int64(row, 12),
                           .tracestate = text_of(row, 14),
                           .body = sqlite3_column_blob(row, 16),
                           .body_size = (size_t)sqlite3_column_bytes(row, 16)};
    if (trace)
        filch_trace_parse(&out->trace, trace, strlen(trace));
}

fl_delivery *fl_sqlite_read(fl_sqlite *s, sqlite3_stmt *row, unsigned queue)
{
    filch_message message;
    const char *blob = sqlite3_column_blob(row, 7);
    size_t size = (size_t)sqlite3_column_bytes(row, 7);
    bool has_end = size && blob[size - 1] == '\0';
    size_t count = has_end ? unpack(blob, size, NULL) : 0;
    filch_header *headers = count ? malloc(count * sizeof *headers) : NULL;
    if (count && !headers)
        return NULL;
    read_message(row, &message);
    if (count)
        unpack(blob, size, headers);
    message.headers = headers;
    message.header_count = count;
    message.queue = s->config.queues[queue];
    fl_delivery *delivery = s->base.host->delivery(s->base.host, &message);
    free(headers);
    if (!delivery)
        return NULL;
    delivery->queue = queue;
    delivery->tag[0] = (uint64_t)sqlite3_column_int64(row, 0);
    delivery->tag[1] = (uint64_t)sqlite3_column_int64(row, 1);
    delivery->lease_until = sqlite3_column_int64(row, 2);
    if ((uint64_t)sqlite3_column_int64(row, 15) > s->config.body_most)
        delivery->malformed = "the body is longer than the service reads";
    else if (size > s->config.header_most)
        delivery->malformed = "the headers are longer than the service reads";
    return delivery;
}

static int bind_text(sqlite3_stmt *statement, int parameter, const char *text)
{
    return sqlite3_bind_text(statement, parameter, text, -1, SQLITE_STATIC);
}

/* Zero bytes: none. */
static int bind_trace(sqlite3_stmt *statement, int parameter, const filch_trace *trace)
{
    char text[FILCH_TRACE_TEXT];
    if (filch_trace_format(trace, text) < 0)
        return sqlite3_bind_null(statement, parameter);
    return sqlite3_bind_text(statement, parameter, text, -1, SQLITE_TRANSIENT);
}

int fl_sqlite_bind(fl_sqlite *s, const filch_message *message, int64_t queue, int64_t now)
{
    sqlite3_stmt *statement = s->statement[FL_SQL_PUBLISH];
    const fl_broker_host *host = s->base.host;
    int64_t delay = message->delay > 0 ? message->delay : 0;
    const int64_t numbers[] = {queue,
                               delay ? FL_SQLITE_DELAYED : FL_SQLITE_READY,
                               message->priority,
                               now + delay,
                               host->unix_time(host) + delay,
                               message->attempt,
                               message->expires,
                               message->first_seen};
    const char *const texts[] = {message->id, message->type, message->content_type, message->dedup};
    int rc = SQLITE_OK, at = 1;
    for (unsigned i = 0; i < sizeof numbers / sizeof *numbers && !rc; i++)
        rc = sqlite3_bind_int64(statement, at++, numbers[i]);
    for (unsigned i = 0; i < sizeof texts / sizeof *texts && !rc; i++)
        rc = bind_text(statement, at++, texts[i]);
    if (!rc)
        rc = bind_trace(statement, at++, &message->trace);
    if (!rc)
        rc = bind_text(statement, at++, message->tracestate);
    if (!rc)
        rc = fl_sqlite_bind_headers(statement, at++, NULL, 0, message->headers,
                                    message->header_count);
    /* an empty body is no NULL */
    return rc ? rc
              : sqlite3_bind_blob64(statement, at, message->body_size ? message->body : "",
                                    message->body_size, SQLITE_STATIC);
}
