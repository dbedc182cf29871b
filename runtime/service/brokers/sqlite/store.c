/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <filch/timer.h>
#include <filch/wait.h>
#include <runtime/service/broker.h>
#include <runtime/service/brokers/sqlite/order.h>
#include <runtime/service/brokers/sqlite/sqlite.h>

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <time.h>
#include <unistd.h>

enum { VERSION = 1 /* of the tables */ };

static const int64_t BUSY_MOST = 60 * FILCH_SECOND;

/* ---- Tables and statements ---- */

static const char schema[] =
    "CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value) WITHOUT ROWID;\n"
    "CREATE TABLE IF NOT EXISTS queues ("
    "  id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, paused INTEGER NOT NULL DEFAULT 0);\n"
    "CREATE TABLE IF NOT EXISTS paused_types ("
    "  queue INTEGER NOT NULL, type TEXT NOT NULL, PRIMARY KEY (queue, type)) WITHOUT ROWID;\n"
    "CREATE TABLE IF NOT EXISTS stops ("
    "  seq INTEGER PRIMARY KEY, queue INTEGER NOT NULL, first_seen INTEGER NOT NULL);\n"
    "CREATE TABLE IF NOT EXISTS jobs ("
    "  seq INTEGER PRIMARY KEY, queue INTEGER NOT NULL, state INTEGER NOT NULL,"
    "  priority INTEGER NOT NULL, at INTEGER NOT NULL, due INTEGER NOT NULL,\n"
    "  token INTEGER NOT NULL DEFAULT 0, attempt INTEGER NOT NULL,\n"
    "  deliveries INTEGER NOT NULL DEFAULT 0, expires INTEGER NOT NULL,"
    "  first_seen INTEGER NOT NULL, id TEXT NOT NULL, type TEXT NOT NULL, content_type TEXT,\n"
    "  dedup TEXT, trace TEXT, tracestate TEXT, headers BLOB, body BLOB NOT NULL);\n"
    "CREATE INDEX IF NOT EXISTS jobs_ready ON jobs (queue, priority DESC, seq) WHERE state = 0;\n"
    "CREATE INDEX IF NOT EXISTS jobs_held ON jobs (queue, at) WHERE state <> 0;\n"
    "CREATE INDEX IF NOT EXISTS jobs_expiring ON jobs (queue, expires) WHERE expires > 0;\n"
    "CREATE UNIQUE INDEX IF NOT EXISTS jobs_dedup ON jobs (dedup) WHERE dedup IS NOT NULL;\n"
    "CREATE TABLE IF NOT EXISTS records (id TEXT PRIMARY KEY, state INTEGER NOT NULL,"
    "  updated INTEGER NOT NULL, expires INTEGER NOT NULL, progress BLOB, result BLOB,"
    "  reason TEXT);\n"
    "CREATE INDEX IF NOT EXISTS records_expiring ON records (expires);\n"
    "CREATE TABLE IF NOT EXISTS remembered ("
    "  key TEXT PRIMARY KEY, at INTEGER NOT NULL, due INTEGER NOT NULL) WITHOUT ROWID;\n"
    "CREATE INDEX IF NOT EXISTS remembered_at ON remembered (at);";

/* Makes ready messages this connection's. */
#define RECEIVE(condition)                                                                         \
    "UPDATE jobs SET state = 2, at = ?2, token = ?4, deliveries = deliveries + 1\n"                \
    "WHERE seq IN (SELECT j.seq FROM jobs AS j WHERE j.queue = ?1 AND j.state = 0\n" condition     \
    "  ORDER BY j.priority DESC, j.seq LIMIT ?3) RETURNING " FL_SQLITE_COLUMNS

#define IS_MARKED "j.seq = s.seq AND j.queue = s.queue AND j.first_seen = s.first_seen"

/* ?1: a queue. ?2: now. */
static const char *const statements[FL_SQLS] = {
    [FL_SQL_BEGIN] = "BEGIN IMMEDIATE",
    [FL_SQL_COMMIT] = "COMMIT",
    [FL_SQL_ROLLBACK] = "ROLLBACK",
    [FL_SQL_QUEUE_ADD] = "INSERT OR IGNORE INTO queues (name) VALUES (?1)",
    [FL_SQL_QUEUE_ID] = "SELECT id FROM queues WHERE name = ?1",
    [FL_SQL_HAS_WORK] =
        "SELECT EXISTS (SELECT 1 FROM jobs WHERE queue = ?1 AND state = 0)"
        " OR EXISTS (SELECT 1 FROM jobs WHERE queue = ?1 AND state <> 0 AND at <= ?2)",
    [FL_SQL_MOVE_DUE] = "UPDATE jobs SET state = 0 WHERE queue = ?1 AND state <> 0 AND at <= ?2",
    [FL_SQL_EXPIRED] = "SELECT " FL_SQLITE_COLUMNS " FROM jobs"
                       " WHERE queue = ?1 AND expires > 0 AND expires <= ?2 AND state = 0 LIMIT 1",
    [FL_SQL_PAUSES] = "SELECT (SELECT paused <> 0 FROM queues WHERE id = ?1)"
                      " + 2 * EXISTS (SELECT 1 FROM paused_types WHERE queue = ?1)",
    [FL_SQL_RECEIVE] = RECEIVE(""),
    [FL_SQL_RECEIVE_TYPES] = RECEIVE(" AND NOT EXISTS (SELECT 1 FROM paused_types AS p"
                                     "  WHERE p.queue = ?1 AND p.type = j.type)\n"),
    [FL_SQL_NEXT_TIME] = "SELECT min(at) FROM jobs WHERE queue = ?1 AND state <> 0",
    [FL_SQL_ACK] = "DELETE FROM jobs WHERE seq = ?1 AND token = ?2 AND state = 2",
    [FL_SQL_RETURN] = "UPDATE jobs SET state = 0, token = 0, deliveries = deliveries - 1"
                      " WHERE seq = ?1 AND token = ?2 AND state = 2",
    [FL_SQL_RETRY] = "UPDATE jobs SET state = ?3, token = 0, deliveries = 0, attempt = ?4, at = ?5,"
                     " due = ?6 WHERE seq = ?1 AND token = ?2 AND state = 2",
    [FL_SQL_BURY] = "UPDATE jobs SET queue = ?4, state = 0, token = 0, deliveries = 0,"
                    " dedup = NULL, expires = 0, headers = ?3 WHERE seq = ?1 AND token = ?2",
    [FL_SQL_EXTEND] = "UPDATE jobs SET at = ?3 WHERE seq = ?1 AND token = ?2 AND state = 2",
    [FL_SQL_PUBLISH] =
        "INSERT INTO jobs (queue, state, priority, at, due, attempt, expires, first_seen, id,\n"
        " type, content_type, dedup, trace, tracestate, headers, body)\n"
        "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)"
        " ON CONFLICT DO NOTHING",
    /* ?1: a key. ?2: now. */
    [FL_SQL_REMEMBERED] = "SELECT 1 FROM remembered WHERE key = ?1 AND at > ?2",
    [FL_SQL_REMEMBER] = "REPLACE INTO remembered (key, at, due) VALUES (?1, ?2, ?3)",
    [FL_SQL_FORGET] = "DELETE FROM remembered WHERE key IN"
                      " (SELECT key FROM remembered WHERE at <= ?1 LIMIT 100)",
    [FL_SQL_COUNT_READY] = "SELECT (SELECT count(*) FROM jobs WHERE queue = ?1 AND state = 0)"
                           " + (SELECT count(*) FROM jobs"
                           "  WHERE queue = ?1 AND state <> 0 AND at <= ?2)",
    [FL_SQL_COUNT_ALL] = "SELECT (SELECT count(*) FROM jobs WHERE queue = ?1 AND state = 0)"
                         " + (SELECT count(*) FROM jobs WHERE queue = ?1 AND state <> 0)",
    [FL_SQL_COUNT_HELD] = "SELECT count(*) FROM jobs"
                          " WHERE queue = ?1 AND state <> 0 AND at > ?2 AND state = ?3",
    /* `due` of the next one of each priority, and of those that no consumer has made ready yet */
    [FL_SQL_READY_SINCE] =
        "WITH p (n) AS (VALUES (0), (1), (2), (3), (4), (5), (6), (7), (8), (9))\n"
        "SELECT min(due) FROM (SELECT (SELECT due FROM jobs"
        "  WHERE queue = ?1 AND state = 0 AND priority = n ORDER BY seq LIMIT 1) AS due FROM p\n"
        " UNION ALL SELECT * FROM (SELECT due FROM jobs"
        "  WHERE queue = ?1 AND state <> 0 AND at <= ?2 ORDER BY at LIMIT 1))",
    [FL_SQL_PEEK] = "SELECT " FL_SQLITE_COLUMNS " FROM jobs WHERE queue = ?1"
                    " AND (state < 2 OR at <= ?2)"
                    " ORDER BY state <> 0 AND at > ?2, CASE WHEN state = 1 AND at > ?2 THEN at END,"
                    " priority DESC, seq LIMIT ?3",
    [FL_SQL_CANCEL] = "DELETE FROM jobs WHERE queue = ?1 AND id = ?3 AND (state < 2 OR at <= ?2)",
    [FL_SQL_PAUSE] = "UPDATE queues SET paused = ?2 WHERE id = ?1",
    [FL_SQL_PAUSE_TYPE] = "INSERT OR IGNORE INTO paused_types (queue, type) VALUES (?1, ?2)",
    [FL_SQL_RESUME_TYPE] = "DELETE FROM paused_types WHERE queue = ?1 AND type = ?2",
    /* ?3: an id. `state <> 0` is the condition of jobs_held, which is asked */
    [FL_SQL_STOP] = "REPLACE INTO stops SELECT seq, queue, first_seen FROM jobs"
                    " WHERE queue = ?1 AND state <> 0 AND state = 2 AND at > ?2 AND id = ?3",
    [FL_SQL_STOPPED] = "SELECT s.seq, j.seq IS NOT NULL FROM stops AS s"
                       " LEFT JOIN jobs AS j ON " IS_MARKED,
    [FL_SQL_SWEEP_STOPS] = "DELETE FROM stops AS s WHERE NOT EXISTS"
                           " (SELECT 1 FROM jobs AS j WHERE " IS_MARKED ")",
    [FL_SQL_HOLDS] = "SELECT 1 FROM jobs WHERE seq = ?1 AND token = ?2 AND state = 2",
    [FL_SQL_RECORD_KEEP] =
        "INSERT INTO records (id, state, updated, expires, progress, result, reason)\n"
        "SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7"
        " WHERE ?8 OR EXISTS (SELECT 1 FROM records WHERE id = ?1 AND expires > ?3)\n"
        "ON CONFLICT (id) DO UPDATE SET state = excluded.state, updated = excluded.updated,"
        " expires = excluded.expires, progress = coalesce(excluded.progress, progress),"
        " result = excluded.result, reason = excluded.reason",
    [FL_SQL_RECORD_READ] = "SELECT state, updated, progress, result, reason FROM records"
                           " WHERE id = ?1 AND expires > ?2",
    [FL_SQL_RECORD_FORGET] = "DELETE FROM records WHERE id IN (SELECT id FROM records"
                             " WHERE expires <= ?1 ORDER BY expires LIMIT 200)",
};

/* ---- Running them ---- */

fl_broker_rc fl_sqlite_failed(fl_sqlite *s, const char *doing)
{
    static const struct {
        int code;
        fl_broker_rc rc;
        const char *remedy;
    } results[] = {
        {SQLITE_BUSY, FL_BROKER_BUSY, "another process holds the database"},
        {SQLITE_LOCKED, FL_BROKER_BUSY, "another connection holds a table"},
        {SQLITE_NOMEM, FL_BROKER_BUSY, "free some memory"},
        {SQLITE_FULL, FL_BROKER_BUSY, "free some space on its file system"},
        {SQLITE_CANTOPEN, FL_BROKER_REFUSED, "check the path and its permissions"},
        {SQLITE_PERM, FL_BROKER_REFUSED, "check its permissions"},
        {SQLITE_READONLY, FL_BROKER_REFUSED, "check its permissions"},
        {SQLITE_NOTADB, FL_BROKER_REFUSED, "it is not a database; give another path"},
        {SQLITE_CORRUPT, FL_BROKER_REFUSED, "restore a copy, or give another path"},
    };
    const fl_broker_host *host = s->base.host;
    int code = s->db ? sqlite3_errcode(s->db) & 0xff : SQLITE_NOMEM;
    const char *text = s->db ? sqlite3_errmsg(s->db) : "out of memory";
    for (unsigned i = 0; i < sizeof results / sizeof *results; i++)
        if (results[i].code == code)
            return host->explain(host, results[i].rc, "cannot %s: %s (%s); %s", doing, s->path,
                                 text, results[i].remedy);
    return host->explain(host, FL_BROKER_LOST, "cannot %s: %s (%s)", doing, s->path, text);
}

int fl_sqlite_run(fl_sqlite *s, fl_sqlite_sql which)
{
    int rc = sqlite3_step(s->statement[which]);
    int end = sqlite3_reset(s->statement[which]);
    return rc == SQLITE_DONE || rc == SQLITE_ROW ? SQLITE_OK : end;
}

int fl_sqlite_value(fl_sqlite *s, fl_sqlite_sql which, int64_t *value)
{
    int rc = sqlite3_step(s->statement[which]);
    if (rc == SQLITE_ROW)
        *value = sqlite3_column_int64(s->statement[which], 0);
    sqlite3_reset(s->statement[which]);
    return rc;
}

/* ---- Transactions ---- */

/* Sleeps, at random around 0.1 ms, twice as long each time, up to 3 ms, and lets SQLite try again.
 * SQLite's own sleeps grow to 100 ms, in which others may have the database many times. */
static int wait_while_busy(void *sqlite, int tries)
{
    enum { DOUBLED = 5 };
    fl_sqlite *s = sqlite;
    int64_t now = filch_now();
    if (tries == 0 && !s->begins)
        s->busy_until = now + s->busy_for;
    if (now >= s->busy_until)
        return 0;
    int64_t most = (100 * FILCH_MICROSECOND) << (tries < DOUBLED ? tries : DOUBLED);
    struct timespec span = {0, most / 2 + now % most};
    nanosleep(&span, NULL);
    return 1;
}

static void end_turn(fl_sqlite *s)
{
    if (s->has_turn)
        fl_sqlite_order_pass(s->order);
    s->has_turn = false;
}

int fl_sqlite_begin(fl_sqlite *s)
{
    s->busy_until = filch_now() + s->busy_for;
    s->has_turn = fl_sqlite_order_take(s->order, s->busy_until);
    s->begins = true; /* without a turn it is refused at once, or lucky */
    int rc = fl_sqlite_run(s, FL_SQL_BEGIN);
    s->begins = false;
    if (rc)
        end_turn(s);
    return rc;
}

fl_broker_rc fl_sqlite_end(fl_sqlite *s, int rc, const char *doing)
{
    fl_broker_rc result = FL_BROKER_OK;
    if (rc == SQLITE_OK)
        rc = fl_sqlite_run(s, FL_SQL_COMMIT);
    if (rc != SQLITE_OK)
        result = fl_sqlite_failed(s, doing);
    if (result && !sqlite3_get_autocommit(s->db))
        fl_sqlite_run(s, FL_SQL_ROLLBACK);
    end_turn(s);
    return result;
}

int fl_sqlite_queue_id(fl_sqlite *s, const char *name, int64_t *id)
{
    static const fl_sqlite_sql steps[] = {FL_SQL_QUEUE_ID, FL_SQL_QUEUE_ADD, FL_SQL_QUEUE_ID};
    int rc = SQLITE_DONE;
    unsigned count = s->config.reads ? 1 : sizeof steps / sizeof *steps;
    *id = 0;
    for (unsigned i = 0; i < count && rc == SQLITE_DONE; i++) {
        sqlite3_bind_text(s->statement[steps[i]], 1, name, -1, SQLITE_STATIC);
        rc = fl_sqlite_value(s, steps[i], id);
    }
    if (rc == SQLITE_DONE && s->config.reads)
        return SQLITE_OK;
    return rc == SQLITE_ROW ? SQLITE_OK : rc;
}

/* ---- Life ---- */

static int execute(fl_sqlite *s, const char *sql)
{
    return sqlite3_exec(s->db, sql, NULL, NULL, NULL);
}

static void read_boot(char boot[64])
{
    FILE *file = fopen("/proc/sys/kernel/random/boot_id", "re");
    if (!file || !fgets(boot, 64, file))
        strcpy(boot, "unknown");
    if (file)
        fclose(file);
    boot[strcspn(boot, "\n")] = '\0';
}

/* The first connection after a boot. */
static int begin_anew(fl_sqlite *s, const char *boot)
{
    const fl_broker_host *host = s->base.host;
    long long since = (long long)(host->now(host) - host->unix_time(host));
    char *sql = sqlite3_mprintf("UPDATE jobs SET state = 0 WHERE state = 2;"
                                "UPDATE jobs SET at = due + %lld WHERE state = 1;"
                                "UPDATE remembered SET at = due + %lld;"
                                "REPLACE INTO meta VALUES ('boot', %Q);",
                                since, since, boot);
    int rc = sql ? execute(s, sql) : SQLITE_NOMEM;
    sqlite3_free(sql);
    return rc;
}

/* One value of the database, as text; "": none. */
static int ask(fl_sqlite *s, const char *sql, char *text, size_t size)
{
    sqlite3_stmt *statement;
    int rc = sqlite3_prepare_v2(s->db, sql, -1, &statement, NULL);
    if (rc)
        return rc;
    rc = sqlite3_step(statement);
    const unsigned char *value = rc == SQLITE_ROW ? sqlite3_column_text(statement, 0) : NULL;
    snprintf(text, size, "%s", value ? (const char *)value : "");
    sqlite3_finalize(statement);
    return rc == SQLITE_ROW || rc == SQLITE_DONE ? SQLITE_OK : rc;
}

/* In a transaction. */
static int make_tables(fl_sqlite *s)
{
    char boot[64], last_boot[64], set_version[64];
    int rc = execute(s, schema);
    read_boot(boot);
    if (!rc)
        rc = ask(s, "SELECT value FROM meta WHERE key = 'boot'", last_boot, sizeof last_boot);
    if (!rc && strcmp(boot, last_boot) != 0)
        rc = begin_anew(s, boot);
    snprintf(set_version, sizeof set_version, "PRAGMA user_version = %d", VERSION);
    return rc ? rc : execute(s, set_version);
}

static int prepare(fl_sqlite *s)
{
    int rc = SQLITE_OK;
    for (unsigned i = 0; i < FL_SQLS && !rc; i++)
        rc = sqlite3_prepare_v3(s->db, statements[i], -1, SQLITE_PREPARE_PERSISTENT,
                                &s->statement[i], NULL);
    return rc;
}

/* Tables of a later version are left alone. */
static fl_broker_rc check_version(fl_sqlite *s)
{
    char version[24];
    const fl_broker_host *host = s->base.host;
    if (ask(s, "PRAGMA user_version", version, sizeof version))
        return fl_sqlite_failed(s, "open database");
    if (version[0] == '0' && s->config.reads)
        return host->explain(host, FL_BROKER_REFUSED,
                             "cannot read database: %s (it has no tables); start a service, or "
                             "enqueue a job",
                             s->path);
    if (version[0] == '0' || version[0] == '0' + VERSION)
        return FL_BROKER_OK;
    return host->explain(host, FL_BROKER_REFUSED,
                         "cannot open database: %s has tables of version %s (valid: %d); use the "
                         "program that made it",
                         s->path, version, VERSION);
}

/* Opens the file, or what a URI names. */
static fl_broker_rc open_file(fl_sqlite *s, const char *name, int flags)
{
    const fl_broker_host *host = s->base.host;
    s->busy_for = s->config.call_timeout < BUSY_MOST ? s->config.call_timeout : BUSY_MOST;
    s->order = fl_sqlite_order_join(s->path);
    if (!s->order)
        return host->explain(host, FL_BROKER_LOST, "no memory for a connection; free some");
    if (sqlite3_open_v2(name, &s->db, flags | SQLITE_OPEN_NOMUTEX, NULL))
        return fl_sqlite_failed(s, "open database");
    sqlite3_busy_handler(s->db, wait_while_busy, s);
    return check_version(s);
}

fl_broker_rc fl_sqlite_store_open(fl_sqlite *s, bool full)
{
    fl_broker_rc rc = open_file(s, s->path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);
    if (rc)
        return rc;
    if (execute(s, "PRAGMA journal_mode = WAL") ||
        execute(s, full ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL") ||
        execute(s, "BEGIN IMMEDIATE"))
        return fl_sqlite_failed(s, "open database");
    if (make_tables(s) || execute(s, "COMMIT") || prepare(s))
        return fl_sqlite_failed(s, "create tables in");
    return FL_BROKER_OK;
}

/* The URI of a file that nobody changes. NULL: no memory. */
static char *immutable(const char *path)
{
    sqlite3_str *uri = sqlite3_str_new(NULL);
    sqlite3_str_appendall(uri, "file:");
    for (; *path; path++)
        sqlite3_str_appendf(uri, "%%%02x", (unsigned char)*path);
    sqlite3_str_appendall(uri, "?immutable=1");
    return sqlite3_str_finish(uri);
}

/* Without its -wal, nobody has the database open, and there is nothing to share: SQLite would make
 * that file and -shm, and leave them there. */
fl_broker_rc fl_sqlite_store_open_to_read(fl_sqlite *s)
{
    char wal[4096];
    snprintf(wal, sizeof wal, "%s-wal", s->path);
    char *uri = access(wal, F_OK) ? immutable(s->path) : NULL;
    fl_broker_rc rc = open_file(s, uri ? uri : s->path, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI);
    sqlite3_free(uri);
    return rc || !prepare(s) ? rc : fl_sqlite_failed(s, "read tables of");
}

void fl_sqlite_store_close(fl_sqlite *s)
{
    for (unsigned i = 0; i < FL_SQLS; i++)
        sqlite3_finalize(s->statement[i]);
    sqlite3_close(s->db); /* and rolls back */
    end_turn(s);
    fl_sqlite_order_leave(s->order);
}

/* ---- Wake-ups ---- */

static const int64_t FIRST_STEP =
    10 * FILCH_MILLISECOND; /* most commits are visible after 0.2-8 ms */
static const int64_t LAST_STEP = FILCH_SECOND;

int fl_sqlite_watch_file(fl_sqlite *s)
{
    char wal[4096];
    if (s->file_watch >= 0)
        return 0;
    snprintf(wal, sizeof wal, "%s-wal", s->path);
    s->file_watch = inotify_add_watch(s->inotify, wal, IN_MODIFY);
    return s->file_watch < 0 ? errno : 0;
}

void fl_sqlite_unwatch_file(fl_sqlite *s)
{
    if (s->file_watch >= 0)
        inotify_rm_watch(s->inotify, s->file_watch);
    s->file_watch = -1;
}

/* A message may have come before, so it looks at once, and then as after an event. If the file cannot
 * be watched, it looks again and again. */
static void begin_to_watch(fl_sqlite *s)
{
    int64_t now = fl_sqlite_now(s);
    int64_t at = fl_sqlite_watch_file(s) ? now + FIRST_STEP : now;
    s->look_step = 0;
    s->look_at = at < s->look_at ? at : s->look_at;
}

unsigned fl_sqlite_watch(fl_broker *broker, bool wants, struct pollfd *fds, unsigned room,
                         int64_t *until)
{
    fl_sqlite *s = fl_sqlite_of(broker);
    if (!wants || s->inotify < 0 || !room)
        return 0;
    if (s->file_watch < 0)
        begin_to_watch(s);
    if (s->look_at < *until)
        *until = s->look_at;
    for (unsigned i = 0; i < s->queue_count; i++)
        if (s->queues[i].next_at < *until)
            *until = s->queues[i].next_at;
    fds[0] = (struct pollfd){.fd = s->inotify, .events = POLLIN};
    return s->file_watch < 0 ? 0 : 1; /* events of the last watch may still be there */
}

fl_broker_rc fl_sqlite_turn(fl_broker *broker)
{
    char events[4096];
    bool any = false;
    fl_sqlite *s = fl_sqlite_of(broker);
    int64_t now = fl_sqlite_now(s);
    while (s->file_watch >= 0 && read(s->inotify, events, sizeof events) > 0)
        any = true;
    if (any)
        s->look_step = 0;
    if (any || s->look_at <= now) {
        int64_t step = s->look_step ? 2 * s->look_step : FIRST_STEP;
        s->look_step = step < LAST_STEP ? step : LAST_STEP;
        s->look_at = now + s->look_step;
    }
    if (now < s->check_at)
        return FL_BROKER_OK;
    s->check_at = now + LAST_STEP;
    return fl_sqlite_check_file(s);
}
