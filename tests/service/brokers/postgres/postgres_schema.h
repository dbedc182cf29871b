/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Schemas of a test in the shared PostgreSQL server. */
#ifndef SERVICE_POSTGRES_SCHEMA_H
#define SERVICE_POSTGRES_SCHEMA_H

#include <inttypes.h>
#include <tests/service/broker.h>
#include <tests/service/brokers/postgres/postgres.h>

static PGconn *control;
static char schema[64];

/* A schema of its own, whose clock only the test moves. */
static inline const char *fresh_schema(const char *options)
{
    static unsigned last;
    static char url[160];
    const pg_server *server = pg_shared();
    control = control ? control : pg_connect(server);
    snprintf(schema, sizeof schema, "t%d_%u", (int)getpid(), ++last);
    snprintf(url, sizeof url, "postgres://filch@127.0.0.1:%u/postgres?filch_schema=%s%s",
             server->port, schema, options);
    bench b = {.kind = &fl_broker_postgres, .url = url};
    b.kind->close(bench_open(&b, FL_BROKER_ADMINISTERS));
    pg_ask(control,
           "CREATE TABLE %s.time AS SELECT now() AS at;"
           "CREATE OR REPLACE FUNCTION %s.clock() RETURNS timestamptz LANGUAGE sql STABLE AS"
           " 'SELECT at FROM %s.time'",
           schema, schema, schema);
    return url;
}

static inline void pass_time(int64_t ns)
{
    pass(ns);
    pg_ask(control, "UPDATE %s.time SET at = at + %" PRId64 " * interval '1 microsecond'", schema,
           ns / FILCH_MICROSECOND);
}

#endif
