/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/service/brokers/sqlite/sqlite.h>

#include <runtime/service/broker.h>

#include <stdio.h>

static void bind_queue(fl_sqlite *s, fl_sqlite_sql which, int64_t queue)
{
    sqlite3_bind_int64(s->statement[which], 1, queue);
    sqlite3_bind_int64(s->statement[which], 2, fl_sqlite_now(s));
}

fl_broker_rc fl_sqlite_count(fl_broker *broker, unsigned queue, fl_broker_count *out)
{
    fl_sqlite *s = fl_sqlite_of(broker);
    const fl_sqlite_queue *of = &s->queues[queue];
    const struct {
        fl_sqlite_sql sql;
        int64_t queue;
        int state;
    } parts[] = {{FL_SQL_COUNT_READY, of->id, 0},
                 {FL_SQL_COUNT_HELD, of->id, FL_SQLITE_DELAYED},
                 {FL_SQL_COUNT_HELD, of->id, FL_SQLITE_LEASED},
                 {FL_SQL_COUNT_ALL, of->dead_id, 0}};
    int64_t counts[4];
    fl_broker_rc rc = fl_sqlite_check_file(s);
    if (rc)
        return rc;
    for (unsigned i = 0; i < 4; i++) {
        bind_queue(s, parts[i].sql, parts[i].queue);
        if (parts[i].sql == FL_SQL_COUNT_HELD)
            sqlite3_bind_int(s->statement[parts[i].sql], 3, parts[i].state);
        if (fl_sqlite_value(s, parts[i].sql, &counts[i]) != SQLITE_ROW)
            return fl_sqlite_failed(s, "count messages of");
    }
    int64_t since, now = broker->host->unix_time(broker->host);
    bind_queue(s, FL_SQL_READY_SINCE, of->id);
    if (fl_sqlite_value(s, FL_SQL_READY_SINCE, &since) != SQLITE_ROW)
        return fl_sqlite_failed(s, "count messages of");
    *out =
        (fl_broker_count){(uint64_t)counts[0], (uint64_t)counts[1], (uint64_t)counts[2],
                          (uint64_t)counts[3], since && since < now ? (uint64_t)(now - since) : 0};
    return FL_BROKER_OK;
}

fl_broker_rc fl_sqlite_peek(fl_broker *broker, unsigned queue, fl_delivery **out, unsigned most,
                            unsigned *count)
{
    fl_sqlite *s = fl_sqlite_of(broker);
    sqlite3_stmt *statement = s->statement[FL_SQL_PEEK];
    int rc;
    *count = 0;
    bind_queue(s, FL_SQL_PEEK, s->queues[queue].id);
    sqlite3_bind_int64(statement, 3, most);
    sqlite3_bind_int64(statement, 9, (int64_t)s->config.body_most);
    while ((rc = sqlite3_step(statement)) == SQLITE_ROW) {
        out[*count] = fl_sqlite_read(s, statement, queue);
        if (!out[*count])
            break;
        ++*count;
    }
    fl_broker_rc result = FL_BROKER_OK;
    if (rc == SQLITE_ROW)
        result = broker->host->explain(broker->host, FL_BROKER_BUSY,
                                       "no memory for messages; ask for fewer");
    else if (rc != SQLITE_DONE)
        result = fl_sqlite_failed(s, "look at messages of");
    sqlite3_reset(statement);
    return result;
}

fl_broker_rc fl_sqlite_cancel(fl_broker *broker, const char *id, bool *found)
{
    fl_sqlite *s = fl_sqlite_of(broker);
    *found = false;
    for (unsigned i = 0; i < s->queue_count && !*found; i++) {
        bind_queue(s, FL_SQL_CANCEL, s->queues[i].id);
        sqlite3_bind_text(s->statement[FL_SQL_CANCEL], 3, id, -1, SQLITE_STATIC);
        if (fl_sqlite_run(s, FL_SQL_CANCEL))
            return fl_sqlite_failed(s, "cancel a message of");
        *found = sqlite3_changes(s->db);
    }
    return FL_BROKER_OK;
}

fl_broker_rc fl_sqlite_pause(fl_broker *broker, unsigned queue, const char *type, bool paused)
{
    fl_sqlite *s = fl_sqlite_of(broker);
    fl_sqlite_sql which = !type ? FL_SQL_PAUSE : paused ? FL_SQL_PAUSE_TYPE : FL_SQL_RESUME_TYPE;
    sqlite3_bind_int64(s->statement[which], 1, s->queues[queue].id);
    if (type)
        sqlite3_bind_text(s->statement[which], 2, type, -1, SQLITE_STATIC);
    else
        sqlite3_bind_int(s->statement[which], 2, paused);
    return fl_sqlite_run(s, which) ? fl_sqlite_failed(s, "pause a queue of") : FL_BROKER_OK;
}
