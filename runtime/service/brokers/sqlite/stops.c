/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Cancel of leased messages: the table `stops`. */
#include <runtime/service/brokers/sqlite/sqlite.h>

#include <runtime/service/broker.h>

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
