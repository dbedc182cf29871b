/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/service/brokers/sqlite/sqlite.h>

#include <runtime/service/broker.h>

int fl_sqlite_recall(fl_sqlite *s, const filch_message *message, bool *is)
{
    int64_t one;
    sqlite3_stmt *statement = s->statement[FL_SQL_REMEMBERED];
    *is = false;
    if (!message->dedup)
        return SQLITE_OK;
    sqlite3_bind_text(statement, 1, message->dedup, -1, SQLITE_STATIC);
    sqlite3_bind_int64(statement, 2, fl_sqlite_now(s));
    int rc = fl_sqlite_value(s, FL_SQL_REMEMBERED, &one);
    *is = rc == SQLITE_ROW;
    return rc == SQLITE_ROW || rc == SQLITE_DONE ? SQLITE_OK : rc;
}

int fl_sqlite_remember(fl_sqlite *s, const filch_message *message)
{
    const fl_broker_host *host = s->base.host;
    sqlite3_stmt *statement = s->statement[FL_SQL_REMEMBER];
    int64_t now = fl_sqlite_now(s);
    if (!message->dedup || message->dedup_for <= 0)
        return SQLITE_OK;
    sqlite3_bind_text(statement, 1, message->dedup, -1, SQLITE_STATIC);
    sqlite3_bind_int64(statement, 2, now + message->dedup_for);
    sqlite3_bind_int64(statement, 3, host->unix_time(host) + message->dedup_for);
    int rc = fl_sqlite_run(s, FL_SQL_REMEMBER);
    sqlite3_bind_int64(s->statement[FL_SQL_FORGET], 1, now);
    return rc ? rc : fl_sqlite_run(s, FL_SQL_FORGET);
}
