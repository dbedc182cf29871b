/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <filch/timer.h>
#include <filch/wait.h>
#include <runtime/service/broker.h>
#include <runtime/service/brokers/sqlite/sqlite.h>
#include <runtime/service/message.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

static void bind_numbers(sqlite3_stmt *statement, const int64_t *values, int count)
{
    for (int i = 0; i < count; i++) /* cannot fail: the parameters exist */
        sqlite3_bind_int64(statement, i + 1, values[i]);
}
#define BIND(s, which, ...)                                                                        \
    bind_numbers((s)->statement[which], (const int64_t[]){__VA_ARGS__},                            \
                 sizeof((const int64_t[]){__VA_ARGS__}) / sizeof(int64_t))

/* ---- Receiving ---- */

static int bury(fl_sqlite *s, const fl_delivery *one, const filch_header *headers, unsigned count)
{
    const filch_message *message = &one->message;
    BIND(s, FL_SQL_BURY, (int64_t)one->tag[0], (int64_t)one->tag[1]);
    sqlite3_bind_int64(s->statement[FL_SQL_BURY], 4, s->queues[one->queue].dead_id);
    int rc = fl_sqlite_bind_headers(s->statement[FL_SQL_BURY], 3, headers, count, message->headers,
                                    message->header_count);
    return rc ? rc : fl_sqlite_run(s, FL_SQL_BURY);
}

static int bury_expired(fl_sqlite *s, unsigned queue)
{
    fl_dead_headers headers;
    const fl_broker_host *host = s->base.host;
    int64_t unix_time = host->unix_time(host);
    fl_dead_headers_fill(&headers, "expired", s->config.queues[queue], unix_time);
    sqlite3_stmt *statement = s->statement[FL_SQL_EXPIRED];
    BIND(s, FL_SQL_EXPIRED, s->queues[queue].id, unix_time);
    sqlite3_bind_int64(statement, 9, 0); /* the body stays in the row */
    for (;;) {
        int rc = sqlite3_step(statement);
        fl_delivery *one = rc == SQLITE_ROW ? fl_sqlite_read(s, statement, queue) : NULL;
        int end = sqlite3_reset(statement);
        if (rc == SQLITE_DONE)
            return SQLITE_OK;
        if (!one)
            return rc == SQLITE_ROW ? SQLITE_NOMEM : end;
        rc = bury(s, one, headers.header, FL_DEAD_HEADERS);
        host->drop(host, one);
        if (rc)
            return rc;
    }
}

/* A pause is asked for once, since the condition on types costs a look-up for each message. */
static int find_statement(fl_sqlite *s, unsigned queue, sqlite3_stmt **out)
{
    static const fl_sqlite_sql which[] = {FL_SQL_RECEIVE, FL_SQLS, FL_SQL_RECEIVE_TYPES, FL_SQLS};
    int64_t pauses;
    BIND(s, FL_SQL_PAUSES, s->queues[queue].id);
    int rc = fl_sqlite_value(s, FL_SQL_PAUSES, &pauses);
    if (rc == SQLITE_ROW)
        *out = which[pauses] == FL_SQLS ? NULL : s->statement[which[pauses]];
    return rc == SQLITE_ROW ? SQLITE_OK : rc;
}

/* Ready messages become this connection's. */
static int lease(fl_sqlite *s, unsigned queue, fl_delivery **out, unsigned most, unsigned *count)
{
    int64_t token = 0;
    sqlite3_stmt *statement = NULL;
    int rc = find_statement(s, queue, &statement);
    if (rc || !statement)
        return rc;
    if (getrandom(&token, sizeof token, 0) != (ssize_t)sizeof token)
        return SQLITE_NOMEM;
    const int64_t values[] = {s->queues[queue].id, fl_sqlite_now(s) + s->config.lease, most,
                              token ? token : 1};
    bind_numbers(statement, values, sizeof values / sizeof *values);
    sqlite3_bind_int64(statement, 9, (int64_t)s->config.body_most);
    while ((rc = sqlite3_step(statement)) == SQLITE_ROW) {
        out[*count] = fl_sqlite_read(s, statement, queue);
        if (!out[*count])
            break;
        ++*count;
    }
    int end = sqlite3_reset(statement);
    return rc == SQLITE_ROW ? SQLITE_NOMEM : end;
}

/* RETURNING has no order. */
static int compare(const void *a, const void *b)
{
    const fl_delivery *x = *(fl_delivery *const *)a, *y = *(fl_delivery *const *)b;
    if (x->message.priority != y->message.priority)
        return x->message.priority > y->message.priority ? -1 : 1;
    return x->tag[0] < y->tag[0] ? -1 : 1;
}

static int receive_all(fl_sqlite *s, unsigned queue, fl_delivery **out, unsigned most,
                       unsigned *count)
{
    BIND(s, FL_SQL_MOVE_DUE, s->queues[queue].id, fl_sqlite_now(s));
    int rc = fl_sqlite_run(s, FL_SQL_MOVE_DUE);
    if (!rc)
        rc = bury_expired(s, queue);
    return rc ? rc : lease(s, queue, out, most, count);
}

/* When to look again, if nobody publishes. */
static int note_next_time(fl_sqlite *s, unsigned queue)
{
    fl_sqlite_queue *q = &s->queues[queue];
    BIND(s, FL_SQL_NEXT_TIME, q->id);
    int rc = fl_sqlite_value(s, FL_SQL_NEXT_TIME, &q->next_at);
    if (rc == SQLITE_ROW && !q->next_at) /* min() of no rows */
        q->next_at = FILCH_FOREVER;
    return rc;
}

/* After the transaction. */
static fl_broker_rc finish(fl_sqlite *s, unsigned queue, fl_broker_rc rc, fl_delivery **out,
                           unsigned most, unsigned *count)
{
    if (rc) {
        while (*count)
            s->base.host->drop(s->base.host, out[--*count]);
        return rc;
    }
    qsort(out, *count, sizeof *out, compare);
    if (*count == most)
        fl_sqlite_unwatch_file(s);
    if (*count < most && note_next_time(s, queue) != SQLITE_ROW)
        s->queues[queue].next_at = 0; /* look at once */
    return FL_BROKER_OK;
}

fl_broker_rc fl_sqlite_receive(fl_broker *broker, unsigned queue, fl_delivery **out, unsigned most,
                               unsigned *count)
{
    static const char doing[] = "receive from";
    fl_sqlite *s = fl_sqlite_of(broker);
    int64_t has_work = 0;
    fl_broker_rc rc = FL_BROKER_OK;
    *count = 0;
    BIND(s, FL_SQL_HAS_WORK, s->queues[queue].id, fl_sqlite_now(s));
    if (fl_sqlite_value(s, FL_SQL_HAS_WORK, &has_work) != SQLITE_ROW)
        return fl_sqlite_failed(s, doing);
    if (has_work) { /* a transaction costs the others their turn */
        if (fl_sqlite_begin(s))
            return fl_sqlite_failed(s, doing);
        rc = fl_sqlite_end(s, receive_all(s, queue, out, most, count), doing);
    }
    return finish(s, queue, rc, out, most, count);
}

/* ---- Settling ---- */

static int retry(fl_sqlite *s, const fl_settlement *one)
{
    const fl_broker_host *host = s->base.host;
    fl_sqlite_queue *queue = &s->queues[one->delivery->queue];
    int64_t delay = one->delay > 0 ? one->delay : 0, at = fl_sqlite_now(s) + delay;
    BIND(s, FL_SQL_RETRY, (int64_t)one->delivery->tag[0], (int64_t)one->delivery->tag[1],
         delay ? FL_SQLITE_DELAYED : FL_SQLITE_READY, one->attempt, at,
         host->unix_time(host) + delay);
    if (at < queue->next_at)
        queue->next_at = at;
    return fl_sqlite_run(s, FL_SQL_RETRY);
}

static int settle_one(fl_sqlite *s, fl_settlement *one)
{
    static const fl_sqlite_sql plain[] = {
        [FL_SETTLE_ACK] = FL_SQL_ACK, [FL_SETTLE_RETURN] = FL_SQL_RETURN};
    int rc = SQLITE_OK;
    switch (one->verb) {
    case FL_SETTLE_ACK:
    case FL_SETTLE_RETURN:
        BIND(s, plain[one->verb], (int64_t)one->delivery->tag[0], (int64_t)one->delivery->tag[1]);
        rc = fl_sqlite_run(s, plain[one->verb]);
        break;
    case FL_SETTLE_RETRY:
        rc = retry(s, one);
        break;
    case FL_SETTLE_DEAD:
        rc = bury(s, one->delivery, one->headers, one->header_count);
        break;
    }
    one->status = sqlite3_changes(s->db) ? 0 : -ESTALE;
    return rc;
}

/* In a transaction. An SQLite code. */
static int settle_all(fl_sqlite *s, fl_settlement *batch, unsigned count)
{
    int rc = SQLITE_OK;
    for (unsigned i = 0; i < count && !rc; i++)
        rc = settle_one(s, &batch[i]);
    if (!rc)
        rc = fl_sqlite_keep(s, batch, count);
    if (s->has_stops && !rc)
        rc = fl_sqlite_run(s, FL_SQL_SWEEP_STOPS);
    return rc;
}

static fl_broker_rc not_settled(fl_broker_rc rc, fl_settlement *batch, unsigned count)
{
    for (unsigned i = 0; i < count && rc; i++)
        batch[i].status = -EAGAIN;
    return rc;
}

fl_broker_rc fl_sqlite_settle(fl_broker *broker, fl_settlement *batch, unsigned count)
{
    static const char doing[] = "settle messages of";
    fl_sqlite *s = fl_sqlite_of(broker);
    fl_broker_rc rc = fl_sqlite_begin(s) ? fl_sqlite_failed(s, doing)
                                         : fl_sqlite_end(s, settle_all(s, batch, count), doing);
    return not_settled(rc, batch, count);
}

fl_broker_rc fl_sqlite_exchange(fl_broker *broker, fl_settlement *batch, unsigned count,
                                unsigned queue, fl_delivery **out, unsigned most,
                                unsigned *received)
{
    static const char doing[] = "settle and receive messages of";
    fl_sqlite *s = fl_sqlite_of(broker);
    *received = 0;
    int rc = fl_sqlite_begin(s);
    fl_broker_rc result = rc ? fl_sqlite_failed(s, doing) : FL_BROKER_OK;
    if (!rc)
        rc = settle_all(s, batch, count);
    if (!rc)
        rc = receive_all(s, queue, out, most, received);
    if (!result)
        result = fl_sqlite_end(s, rc, doing);
    return not_settled(finish(s, queue, result, out, most, received), batch, count);
}

fl_broker_rc fl_sqlite_extend(fl_broker *broker, fl_delivery *const *batch, unsigned count,
                              int64_t lease_time)
{
    static const char doing[] = "extend leases of";
    fl_sqlite *s = fl_sqlite_of(broker);
    int64_t until = fl_sqlite_now(s) + lease_time;
    int rc = fl_sqlite_begin(s);
    if (rc)
        return fl_sqlite_failed(s, doing);
    for (unsigned i = 0; i < count && !rc; i++) {
        BIND(s, FL_SQL_EXTEND, (int64_t)batch[i]->tag[0], (int64_t)batch[i]->tag[1], until);
        rc = fl_sqlite_run(s, FL_SQL_EXTEND);
        if (!sqlite3_changes(s->db))
            batch[i]->lease_until = 0; /* it is lost, even if this transaction fails */
    }
    fl_broker_rc result = fl_sqlite_end(s, rc, doing);
    for (unsigned i = 0; i < count && !result; i++)
        batch[i]->lease_until = batch[i]->lease_until ? until : 0;
    return result;
}

/* ---- Rows ---- */

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

/* ---- Rows as messages ---- */

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
