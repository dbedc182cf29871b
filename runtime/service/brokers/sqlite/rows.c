/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/service/brokers/sqlite/sqlite.h>

#include <runtime/service/broker.h>
#include <runtime/service/message.h>

#include <string.h>

int fl_sqlite_bind_headers(sqlite3_stmt *statement, int parameter, const filch_header *more,
                           unsigned more_count, const filch_header *old, size_t old_count)
{
    size_t size = fl_headers_pack(NULL, more, more_count, old, old_count);
    char *text = size ? sqlite3_malloc64(size) : NULL;
    if (size && !text)
        return SQLITE_NOMEM;
    fl_headers_pack(text, more, more_count, old, old_count);
    return sqlite3_bind_blob64(statement, parameter, text, size, sqlite3_free);
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
        filch_traceparent_parse(&out->trace, trace, strlen(trace));
}

fl_delivery *fl_sqlite_read(fl_sqlite *s, sqlite3_stmt *row, unsigned queue)
{
    filch_message message;
    read_message(row, &message);
    fl_delivery *delivery =
        fl_headers_deliver(&s->config, queue, message, sqlite3_column_blob(row, 7),
                           (size_t)sqlite3_column_bytes(row, 7),
                           (uint64_t)sqlite3_column_int64(row, 15));
    if (!delivery)
        return NULL;
    delivery->tag[0] = (uint64_t)sqlite3_column_int64(row, 0);
    delivery->tag[1] = (uint64_t)sqlite3_column_int64(row, 1);
    delivery->lease_until = sqlite3_column_int64(row, 2);
    return delivery;
}

static int bind_text(sqlite3_stmt *statement, int parameter, const char *text)
{
    return sqlite3_bind_text(statement, parameter, text, -1, SQLITE_STATIC);
}

/* Zero bytes: none. */
static int bind_trace(sqlite3_stmt *statement, int parameter, const filch_traceparent *trace)
{
    char text[FILCH_TRACEPARENT_TEXT];
    if (filch_traceparent_format(trace, text) < 0)
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
