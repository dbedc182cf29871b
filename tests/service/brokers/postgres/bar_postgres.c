/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Bare loops on the tables of the broker postgres, by libpq alone: SKIP LOCKED leases a batch, and a
 * second transaction deletes it. */
#include <bench/bars/worker/brokers.h>
#include <bench/bars/worker/queue.h>
#include <tests/service/brokers/postgres/postgres.h>
#include <tests/support/system.h>
#include <tests/support/test.h>

#include <libpq-fe.h>

enum { LEASE, DELETE, STATEMENTS, BATCH_MOST = 100, ARRAY_BYTES = 1 + BATCH_MOST * 21 };

/* Plans of a queue that was empty a minute ago are misled by statistics, as are the service's. */
static const char session[] =
    "SET enable_seqscan = off; SET enable_bitmapscan = off; SET enable_sort = off;"
    "SET enable_hashjoin = off; SET enable_mergejoin = off; SET jit = off";

static const struct {
    const char *name, *sql;
} statements[STATEMENTS] = {
    [LEASE] =
        {"lease",
         "UPDATE filch.jobs SET state = 2, token = token + 1, deliveries = deliveries + 1,\n"
         " at = now() + interval '30 s' WHERE seq = ANY (ARRAY(SELECT seq FROM filch.jobs\n"
         "  WHERE queue = '" BAR_QUEUE "' AND state = 0 ORDER BY priority DESC, seq\n"
         "  LIMIT $1::bigint FOR UPDATE SKIP LOCKED)) RETURNING seq, token, id, type,\n"
         " content_type, dedup, headers, priority, attempt, deliveries, expires, first_seen,\n"
         " trace, tracestate, body"},
    [DELETE] = {"delete", "DELETE FROM filch.jobs WHERE seq = ANY ($1::bigint[])"},
};

typedef struct bare {
    PGconn *db;
    char batch[ARRAY_BYTES]; /* the seqs, as an array's text */
    int64_t bytes;           /* of all columns, which are read as the service reads them */
} bare;

static void *open_bare(const char *url)
{
    static bare b;
    b = (bare){.db = PQconnectdb(url)};
    PGresult *result = PQexec(b.db, session);
    for (int i = 0; i < STATEMENTS && PQresultStatus(result) == PGRES_COMMAND_OK; i++) {
        PQclear(result);
        result = PQprepare(b.db, statements[i].name, statements[i].sql, 0, NULL);
    }
    if (PQresultStatus(result) != PGRES_COMMAND_OK)
        worker_bare_die("open", PQerrorMessage(b.db));
    PQclear(result);
    return &b;
}

/* A statement with one parameter, as text; the rows are binary, as the service's. */
static PGresult *run(const bare *b, int which, const char *value)
{
    PGresult *rows = PQexecPrepared(b->db, statements[which].name, 1, &value, NULL, NULL, 1);
    ExecStatusType status = PQresultStatus(rows);
    if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK)
        worker_bare_die(statements[which].name, PQerrorMessage(b->db));
    return rows;
}

static int lease(bare *b, unsigned most)
{
    char limit[16];
    int used = 0;
    snprintf(limit, sizeof limit, "%u", most);
    PGresult *rows = run(b, LEASE, limit);
    int count = PQntuples(rows);
    for (int row = 0; row < count; row++) {
        uint64_t seq = 0;
        const unsigned char *digits = (const unsigned char *)PQgetvalue(rows, row, 0);
        for (int i = 0; i < 8; i++)
            seq = seq << 8 | digits[i];
        for (int column = 0; column < PQnfields(rows); column++)
            b->bytes += PQgetlength(rows, row, column);
        used += snprintf(b->batch + used, sizeof b->batch - (size_t)used, "%c%llu", row ? ',' : '{',
                         (unsigned long long)seq);
    }
    PQclear(rows);
    snprintf(b->batch + used, sizeof b->batch - (size_t)used, "}");
    return count;
}

static void consume(void *bare_, const worker_bare *how, long count)
{
    bare *b = bare_;
    while (count > 0) {
        int got = lease(b, how->batch);
        if (!got)
            worker_bare_die("lease", "the queue is empty");
        PQclear(run(b, DELETE, b->batch));
        count -= got;
    }
}

static void close_bare(void *bare_)
{
    const bare *b = bare_;
    PQfinish(b->db);
}

static const worker_bare bares[] = {
    {"SKIP LOCKED 100", 100, open_bare, consume, close_bare, MEASURE_AT_LEAST, 0.8},
    {"SKIP LOCKED 1", 1, open_bare, consume, close_bare, MEASURE_AT_LEAST, 10},
    {0},
};

/* ---- Its server ---- */

static pg_server server;

static const char *url_of_server(void)
{
    static char url[80];
    snprintf(url, sizeof url, "postgres://filch@127.0.0.1:%u/postgres", server.port);
    return url;
}

/* Otherwise as delivered: each commit is synchronous and flushed. */
static const char delivered[] = "listen_addresses='127.0.0.1'\nunix_socket_directories=''\n";

/* A server that has run for a while uses the files of its log again. A new one fills each with zeros
 * first, which holds up all commits for 50 ms. */
static void use_log(void)
{
    enum { FILES = 40 /* of 16 MiB */ };
    PGconn *db = pg_connect(&server);
    for (int i = 0; i < FILES; i++)
        pg_ask(db, "SELECT pg_logical_emit_message(false, '', ''); SELECT pg_switch_wal()");
    pg_ask(db, "CHECKPOINT");
    PQfinish(db);
}

static const char *server_url(void)
{
    if (!server.port) {
        snprintf(server.folder, sizeof server.folder, "%s", folder_make());
        cr_assert(pg_init(&server, true));
        pg_write(&server, "data/postgresql.conf", delivered);
        cr_assert(pg_start(&server));
        use_log();
    }
    return url_of_server();
}

static const char *fleet_url(void)
{
    if (!server.port) {
        snprintf(server.folder, sizeof server.folder, "%s", folder_make());
        cr_assert(pg_begin(&server, true));
    }
    return url_of_server();
}

static void restart(void)
{
    pg_kill(&server, SIGKILL);
    pg_restart(&server);
}

const worker_broker worker_broker_postgres = {
    .settings =
        {
            {.name = "postgres",
             .url = server_url,
             .jobs = 20000,
             .is_durable = true,
             .bares = bares},
        },
    .server = {.name = "postgres", .url = fleet_url, .restart = restart},
};
