/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Records of jobs: a row of `records` each, by the job's id. `updated` and `expires` are Unix times,
 * since a record outlives a boot. Each transaction that writes some also deletes some whose time is
 * over, more than it can have added. */
#include <filch/wait.h>
#include <runtime/service/broker.h>
#include <runtime/service/brokers/sqlite/sqlite.h>
#include <runtime/service/job_record.h>

#include <stdio.h>

static int64_t unix_time(const fl_sqlite *s)
{
    return s->base.host->unix_time(s->base.host);
}

/* NULL: NULL. An empty one is no NULL. */
static void bind_bytes(sqlite3_stmt *statement, int parameter, const void *bytes, size_t size)
{
    if (bytes)
        sqlite3_bind_blob64(statement, parameter, size ? bytes : "", size, SQLITE_STATIC);
    else
        sqlite3_bind_null(statement, parameter);
}

static int keep(fl_sqlite *s, const fl_note *note, int64_t now)
{
    sqlite3_stmt *statement = s->statement[FL_SQL_RECORD_KEEP];
    sqlite3_bind_text(statement, 1, note->id, -1, SQLITE_STATIC);
    sqlite3_bind_int(statement, 2, (int)note->state);
    sqlite3_bind_int64(statement, 3, now);
    sqlite3_bind_int64(statement, 4,
                       note->ttl < FILCH_FOREVER - now ? now + note->ttl : FILCH_FOREVER);
    bind_bytes(statement, 5, note->progress, note->progress_size);
    bind_bytes(statement, 6, note->result, note->result_size);
    sqlite3_bind_text(statement, 7, note->reason, -1, SQLITE_STATIC);
    sqlite3_bind_int(statement, 8, note->creates);
    int rc = fl_sqlite_run(s, FL_SQL_RECORD_KEEP);
    sqlite3_clear_bindings(statement);
    return rc;
}

static int forget_some(fl_sqlite *s, int64_t now)
{
    sqlite3_bind_int64(s->statement[FL_SQL_RECORD_FORGET], 1, now);
    return fl_sqlite_run(s, FL_SQL_RECORD_FORGET);
}

int fl_sqlite_keep(fl_sqlite *s, const fl_settlement *batch, unsigned count)
{
    int64_t now = 0;
    int rc = SQLITE_OK;
    for (unsigned i = 0; i < count && !rc; i++) {
        if (!batch[i].note || batch[i].status)
            continue;
        now = unix_time(s);
        rc = keep(s, batch[i].note, now);
    }
    return rc || !now ? rc : forget_some(s, now);
}

/* SQLITE_ROW: the lease holds. */
static int holds(fl_sqlite *s, const fl_delivery *delivery)
{
    int64_t one;
    sqlite3_bind_int64(s->statement[FL_SQL_HOLDS], 1, (int64_t)delivery->tag[0]);
    sqlite3_bind_int64(s->statement[FL_SQL_HOLDS], 2, (int64_t)delivery->tag[1]);
    return fl_sqlite_value(s, FL_SQL_HOLDS, &one);
}

fl_broker_rc fl_sqlite_note(fl_broker *broker, const fl_note *batch, unsigned count)
{
    static const char doing[] = "keep progress in";
    fl_sqlite *s = fl_sqlite_of(broker);
    int64_t now = unix_time(s);
    int rc = fl_sqlite_begin(s);
    if (rc)
        return fl_sqlite_failed(s, doing);
    for (unsigned i = 0; i < count && !rc; i++) {
        int found = holds(s, batch[i].delivery);
        if (found == SQLITE_ROW)
            rc = keep(s, &batch[i], now);
        else if (found != SQLITE_DONE)
            rc = found;
    }
    if (!rc)
        rc = forget_some(s, now);
    return fl_sqlite_end(s, rc, doing);
}

static const void *bytes_of(sqlite3_stmt *row, int column)
{
    const void *bytes = sqlite3_column_blob(row, column);
    return bytes || sqlite3_column_type(row, column) == SQLITE_NULL ? bytes : "";
}

fl_broker_rc fl_sqlite_record(fl_broker *broker, const char *id, filch_service_record **out)
{
    fl_sqlite *s = fl_sqlite_of(broker);
    sqlite3_stmt *row = s->statement[FL_SQL_RECORD_READ];
    fl_broker_rc result = FL_BROKER_OK;
    *out = NULL;
    sqlite3_bind_text(row, 1, id, -1, SQLITE_STATIC);
    sqlite3_bind_int64(row, 2, unix_time(s));
    int rc = sqlite3_step(row);
    if (rc == SQLITE_ROW) {
        *out = fl_job_record_copy(
            &(filch_service_record){.state = (filch_record_state)sqlite3_column_int(row, 0),
                                    .updated = sqlite3_column_int64(row, 1),
                                    .progress = bytes_of(row, 2),
                                    .progress_size = (size_t)sqlite3_column_bytes(row, 2),
                                    .result = bytes_of(row, 3),
                                    .result_size = (size_t)sqlite3_column_bytes(row, 3),
                                    .reason = (const char *)sqlite3_column_text(row, 4)});
        if (!*out)
            result = broker->host->explain(broker->host, FL_BROKER_BUSY,
                                           "no memory for a record; free some");
    } else if (rc != SQLITE_DONE) {
        result = fl_sqlite_failed(s, "read a record in");
    }
    sqlite3_reset(row);
    return result;
}

/* ---- Stops ---- */

/* Cancel of leased messages: the table `stops`. */

fl_broker_rc fl_sqlite_stop(fl_broker *broker, const char *id, bool *found)
{
    fl_sqlite *s = fl_sqlite_of(broker);
    sqlite3_stmt *statement = s->statement[FL_SQL_STOP];
    *found = false;
    for (unsigned i = 0; i < s->queue_count && !*found; i++) {
        sqlite3_bind_int64(statement, 1, s->queues[i].id);
        sqlite3_bind_int64(statement, 2, fl_sqlite_now(s));
        sqlite3_bind_text(statement, 3, id, -1, SQLITE_STATIC);
        if (fl_sqlite_run(s, FL_SQL_STOP))
            return fl_sqlite_failed(s, "stop a message of");
        *found = sqlite3_changes(s->db);
    }
    return FL_BROKER_OK;
}

static void note(fl_delivery *const *batch, unsigned count, bool *out, uint64_t seq)
{
    for (unsigned i = 0; i < count; i++)
        if (batch[i]->tag[0] == seq)
            out[i] = true;
}

fl_broker_rc fl_sqlite_stopped(fl_broker *broker, fl_delivery *const *batch, unsigned count,
                               bool *out)
{
    fl_sqlite *s = fl_sqlite_of(broker);
    sqlite3_stmt *statement = s->statement[FL_SQL_STOPPED];
    bool some = false, some_gone = false;
    int rc;
    for (unsigned i = 0; i < count; i++)
        out[i] = false;
    while ((rc = sqlite3_step(statement)) == SQLITE_ROW) {
        bool is_there = sqlite3_column_int(statement, 1);
        some = true;
        some_gone |= !is_there;
        if (is_there)
            note(batch, count, out, (uint64_t)sqlite3_column_int64(statement, 0));
    }
    sqlite3_reset(statement);
    if (rc != SQLITE_DONE)
        return fl_sqlite_failed(s, "look for stopped messages of");
    s->has_stops = some;
    if (some_gone) /* if the database is busy, the next look or settlement does it */
        fl_sqlite_run(s, FL_SQL_SWEEP_STOPS);
    return FL_BROKER_OK;
}

/* ---- Administration ---- */

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
    int64_t since, pauses, now = broker->host->unix_time(broker->host);
    bind_queue(s, FL_SQL_READY_SINCE, of->id);
    if (fl_sqlite_value(s, FL_SQL_READY_SINCE, &since) != SQLITE_ROW)
        return fl_sqlite_failed(s, "count messages of");
    sqlite3_bind_int64(s->statement[FL_SQL_PAUSES], 1, of->id);
    if (fl_sqlite_value(s, FL_SQL_PAUSES, &pauses) != SQLITE_ROW)
        return fl_sqlite_failed(s, "count messages of");
    *out = (fl_broker_count){(uint64_t)counts[0],
                             (uint64_t)counts[1],
                             (uint64_t)counts[2],
                             (uint64_t)counts[3],
                             since && since < now ? (uint64_t)(now - since) : 0,
                             pauses & 1,
                             pauses & 2};
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
