/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Bare loops on the tables of the broker sqlite. "the same statements" does what the service does:
 * one transaction deletes a batch and leases the next, so the lease is committed before a job begins,
 * and others are not locked out while it runs. "1 batch at a time" leases and deletes a batch in one
 * transaction, which writes each page once; it holds the database for itself until the jobs are over. */
#include <bench/bars/worker/brokers.h>
#include <bench/bars/worker/queue.h>
#include <tests/support/system.h>
#include <tests/support/test.h>

#include <sqlite3.h>

enum { BEGIN, COMMIT, DUE, EXPIRED, PAUSES, LEASE, DELETE, STATEMENTS };
enum { COLUMNS = 17, BATCH_MOST = 100 };

static const char *const texts[STATEMENTS] = {
    [BEGIN] = "BEGIN IMMEDIATE",
    [COMMIT] = "COMMIT",
    [DUE] =
        "UPDATE jobs SET state = 0 WHERE queue = (SELECT id FROM queues WHERE name = '" BAR_QUEUE
        "') AND state <> 0 AND at <= 0",
    [EXPIRED] = "SELECT seq FROM jobs WHERE queue = (SELECT id FROM queues WHERE name = '" BAR_QUEUE
                "') AND expires > 0 AND expires <= 0 AND state = 0 LIMIT 1",
    [PAUSES] = "SELECT paused, EXISTS (SELECT 1 FROM paused_types WHERE queue = id) FROM queues"
               " WHERE name = '" BAR_QUEUE "'",
    [LEASE] = "UPDATE jobs SET state = 2, at = 9000000000000000000, token = 7,"
              " deliveries = deliveries + 1\n WHERE seq IN (SELECT seq FROM jobs"
              "  WHERE queue = (SELECT id FROM queues WHERE name = '" BAR_QUEUE "') AND state = 0"
              "  ORDER BY priority DESC, seq LIMIT ?1)\n"
              " RETURNING seq, token, at, id, type, content_type, dedup, headers, priority,"
              " attempt, deliveries, expires, first_seen, trace, tracestate, length(body), body",
    [DELETE] = "DELETE FROM jobs WHERE seq = ?1 AND token = 7 AND state = 2",
};

typedef struct bare {
    sqlite3 *db;
    sqlite3_stmt *statement[STATEMENTS];
    int64_t batch[BATCH_MOST];
    int64_t bytes; /* of all columns, which are read as the service reads them */
} bare;

static void check(const bare *b, int rc, const char *call)
{
    if (rc != SQLITE_OK && rc != SQLITE_DONE && rc != SQLITE_ROW)
        worker_bare_die(call, sqlite3_errmsg(b->db));
}

static void *open_bare(const char *url)
{
    static bare b;
    char path[256];
    const char *from = url + strlen("sqlite:"), *end = strchr(from, '?');
    b = (bare){0};
    snprintf(path, sizeof path, "%.*s", (int)(end - from), from);
    check(&b, sqlite3_open_v2(path, &b.db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL),
          "open");
    const char *sync =
        strstr(end, "full") ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL";
    check(&b, sqlite3_exec(b.db, sync, NULL, NULL, NULL), sync);
    for (int i = 0; i < STATEMENTS; i++)
        check(&b, sqlite3_prepare_v2(b.db, texts[i], -1, &b.statement[i], NULL), texts[i]);
    return &b;
}

static void run(const bare *b, int which)
{
    check(b, sqlite3_step(b->statement[which]), texts[which]);
    sqlite3_reset(b->statement[which]);
}

static int lease(bare *b, unsigned most)
{
    sqlite3_stmt *statement = b->statement[LEASE];
    int count = 0, rc;
    sqlite3_bind_int64(statement, 1, most);
    while ((rc = sqlite3_step(statement)) == SQLITE_ROW) {
        for (int i = 0; i < COLUMNS; i++)
            b->bytes += sqlite3_column_bytes(statement, i);
        b->batch[count++] = sqlite3_column_int64(statement, 0);
    }
    check(b, rc, texts[LEASE]);
    sqlite3_reset(statement);
    return count;
}

static void delete_all(bare *b, int count)
{
    for (int i = 0; i < count; i++) {
        sqlite3_bind_int64(b->statement[DELETE], 1, b->batch[i]);
        run(b, DELETE);
    }
}

static void consume_one_batch_at_a_time(void *bare_, const worker_bare *how, long count)
{
    bare *b = bare_;
    while (count > 0) {
        run(b, BEGIN);
        int got = lease(b, how->batch);
        delete_all(b, got);
        run(b, COMMIT);
        count -= got;
    }
}

static void consume(void *bare_, const worker_bare *how, long count)
{
    bare *b = bare_;
    for (int held = 0; count > 0;) {
        run(b, BEGIN);
        delete_all(b, held);
        count -= held;
        run(b, DUE);
        run(b, EXPIRED);
        run(b, PAUSES);
        held = lease(b, how->batch);
        run(b, COMMIT);
    }
}

static void close_bare(void *bare_)
{
    bare *b = bare_;
    for (int i = 0; i < STATEMENTS; i++)
        sqlite3_finalize(b->statement[i]);
    sqlite3_close(b->db);
}

static const worker_bare bares[] = {
    {"the same statements", 100, open_bare, consume, close_bare, MEASURE_AT_LEAST, 0.8},
    {"1 batch at a time", 100, open_bare, consume_one_batch_at_a_time, close_bare, MEASURE_REPORTED,
     0},
    {0},
};

/* ---- Its server ---- */

static const char *url_of(const char *name, const char *sync)
{
    static char url[256];
    snprintf(url, sizeof url, "sqlite:%s/%s.db?sync=%s", folder_make(), name, sync);
    return url;
}

static const char *normal_url(void)
{
    return url_of("normal", "normal");
}

static const char *full_url(void)
{
    return url_of("full", "full");
}

static const char *fleet_url(void)
{
    return url_of("jobs", "normal");
}

const worker_broker worker_broker_sqlite = {
    .settings =
        {
            {.name = "sqlite NORMAL", .url = normal_url, .jobs = 20000, .bares = bares},
            {.name = "sqlite FULL",
             .url = full_url,
             .jobs = 20000,
             .is_durable = true,
             .bares = bares},
        },
    .server = {.name = "sqlite", .url = fleet_url},
};
