/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/service/brokers/postgres/postgres.h>

#include <runtime/service/broker.h>

#include <errno.h>
#include <string.h>

enum { KEY_MOST = 1024 }; /* bytes of a queue's name, or of a key: they are in indexes */

enum {
    AT_PLACE,
    AT_QUEUE,
    AT_ID,
    AT_TYPE,
    AT_CONTENT_TYPE,
    AT_DEDUP,
    AT_TRACE,
    AT_TRACESTATE,
    AT_PRIORITY,
    AT_ATTEMPT,
    AT_DELAY,
    AT_EXPIRES,
    AT_FIRST_SEEN,
    AT_HEADERS,
    AT_BODY,
    AT_MEMORY, /* of FL_PG_PUBLISH_ONCE alone */
    ARRAYS
};

static const uint32_t types[ARRAYS] = {
    [AT_PLACE] = FL_PG_INT8,      [AT_QUEUE] = FL_PG_TEXT,        [AT_ID] = FL_PG_TEXT,
    [AT_TYPE] = FL_PG_TEXT,       [AT_CONTENT_TYPE] = FL_PG_TEXT, [AT_DEDUP] = FL_PG_TEXT,
    [AT_TRACE] = FL_PG_TEXT,      [AT_TRACESTATE] = FL_PG_TEXT,   [AT_PRIORITY] = FL_PG_INT8,
    [AT_ATTEMPT] = FL_PG_INT8,    [AT_DELAY] = FL_PG_INT8,        [AT_EXPIRES] = FL_PG_INT8,
    [AT_FIRST_SEEN] = FL_PG_INT8, [AT_HEADERS] = FL_PG_BYTEA,     [AT_BODY] = FL_PG_BYTEA,
    [AT_MEMORY] = FL_PG_INT8};

static void add_texts(fl_pg_array arrays[ARRAYS], const filch_message *message)
{
    char trace[FILCH_TRACEPARENT_TEXT];
    const char *const texts[] = {
        message->queue,     message->id,
        message->type,      message->content_type,
        message->dedup,     filch_traceparent_format(&message->trace, trace) < 0 ? NULL : trace,
        message->tracestate};
    for (unsigned i = 0; i < sizeof texts / sizeof *texts; i++)
        fl_pg_array_text(&arrays[AT_QUEUE + i], texts[i]);
}

static void add_message(const fl_pg *p, fl_pg_array arrays[ARRAYS], const filch_message *message,
                        unsigned place)
{
    const fl_broker_host *host = p->base.host;
    int64_t left = message->expires - host->unix_time(host);
    fl_pg_array_number(&arrays[AT_PLACE], place);
    add_texts(arrays, message);
    fl_pg_array_number(&arrays[AT_PRIORITY], message->priority);
    fl_pg_array_number(&arrays[AT_ATTEMPT], message->attempt);
    fl_pg_array_number(&arrays[AT_DELAY], fl_pg_us(message->delay));
    if (message->expires) /* as a duration: clocks may differ */
        fl_pg_array_number(&arrays[AT_EXPIRES], fl_pg_us(left));
    else
        fl_pg_array_bytes(&arrays[AT_EXPIRES], NULL, 0);
    fl_pg_array_number(&arrays[AT_FIRST_SEEN], message->first_seen);
    fl_pg_array_headers(&arrays[AT_HEADERS], NULL, 0, message->headers, message->header_count);
    fl_pg_array_bytes(&arrays[AT_BODY], message->body_size ? message->body : "",
                      message->body_size);
    fl_pg_array_number(&arrays[AT_MEMORY], message->dedup ? fl_pg_us(message->dedup_for) : 0);
}

/* Publishes some in one statement. */
static fl_broker_rc publish_some(fl_pg *p, fl_publication *batch, unsigned count)
{
    fl_pg_array arrays[ARRAYS];
    fl_pg_args args = {0};
    PGresult *rows = NULL;
    bool failed = false, once = false;
    p->sqlstate[0] = '\0';
    for (unsigned i = 0; i < ARRAYS; i++)
        arrays[i] = (fl_pg_array){.type = types[i]};
    for (unsigned i = 0; i < count; i++) {
        add_message(p, arrays, batch[i].message, i);
        once = once || (batch[i].message->dedup && batch[i].message->dedup_for > 0);
    }
    for (unsigned i = 0; i < (once ? ARRAYS : AT_MEMORY); i++) {
        fl_pg_add_array(&args, &arrays[i]);
        failed = failed || arrays[i].failed;
    }
    fl_broker_rc rc = failed ? fl_pg_short(p)
                             : fl_pg_run(p, once ? FL_PG_PUBLISH_ONCE : FL_PG_PUBLISH, &args,
                                         "publish messages", &rows);
    fl_pg_arrays_free(arrays, ARRAYS);
    for (unsigned i = 0; i < count && !rc; i++)
        batch[i].status = -EEXIST;
    for (int i = 0; i < PQntuples(rows); i++)
        batch[fl_pg_int(rows, i, 0)].status = 0;
    PQclear(rows);
    return rc;
}

/* Did the server refuse the values, such as a text that is not UTF-8? */
static bool is_of_values(const fl_pg *p, fl_broker_rc rc)
{
    return rc && strncmp(p->sqlstate, "22", 2) == 0;
}

/* A message that the server refuses does not keep the others: halves find it. */
static fl_broker_rc publish_in_halves(fl_pg *p, fl_publication *batch, unsigned count)
{
    fl_broker_rc rc = publish_some(p, batch, count);
    if (!is_of_values(p, rc))
        return rc;
    if (count == 1) {
        batch->status = -ENOTSUP;
        return FL_BROKER_OK;
    }
    rc = publish_in_halves(p, batch, count / 2);
    return rc ? rc : publish_in_halves(p, batch + count / 2, count - count / 2);
}

static bool is_too_long(const filch_message *message)
{
    return strlen(message->queue) > KEY_MOST ||
           (message->dedup && strlen(message->dedup) > KEY_MOST);
}

/* How many of them go into one statement. */
static unsigned fitting(const fl_publication *batch, unsigned count)
{
    size_t bytes = 0;
    unsigned some = 0;
    while (some < count && !is_too_long(batch[some].message) &&
           (!some || bytes + batch[some].message->body_size <= FL_PG_BATCH_BYTES))
        bytes += batch[some++].message->body_size;
    return some;
}

fl_broker_rc fl_pg_publish(fl_broker *broker, fl_publication *batch, unsigned count)
{
    fl_pg *p = fl_pg_of(broker);
    fl_broker_rc rc = FL_BROKER_OK;
    for (unsigned i = 0; i < count; i++)
        batch[i].status = -EAGAIN;
    for (unsigned i = 0, some; i < count && !rc; i += some) {
        some = fitting(batch + i, count - i);
        if (some)
            rc = publish_in_halves(p, batch + i, some);
        else
            batch[i + some++].status = -EMSGSIZE;
    }
    return rc;
}
