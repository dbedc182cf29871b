/* SPDX-License-Identifier: MIT OR Apache-2.0
 * test: wraps clock_gettime; processors 1 (it waits for leases most of the time)
 *
 * A service on PostgreSQL whose clock, or whose server's clock, jumps. */
#include <inttypes.h>
#include <tests/service/broker_bench.h>
#include <tests/service/brokers/postgres/postgres.h>
#include <tests/service/clock_jump.h>

static PGconn *control;
static char schema[64], url[160];

static void jump_server(int64_t ns)
{
    pg_ask(control, "UPDATE %s.ahead SET by = by + %" PRId64 " * interval '1 microsecond'", schema,
           ns / FILCH_MICROSECOND);
}

/* A schema of its own, whose clock runs and can be set. */
static const char *begin(void)
{
    const pg_server *server = pg_shared();
    control = pg_connect(server);
    snprintf(schema, sizeof schema, "t%d", (int)getpid());
    snprintf(url, sizeof url, "postgres://filch@127.0.0.1:%u/postgres?filch_schema=%s",
             server->port, schema);
    const bench b = {.kind = &fl_broker_postgres, .url = url};
    b.kind->close(bench_open(&b, FL_BROKER_ADMINISTERS)); /* creates it */
    pg_ask(control,
           "CREATE TABLE %s.ahead AS SELECT interval '0' AS by;"
           "CREATE OR REPLACE FUNCTION %s.clock() RETURNS timestamptz LANGUAGE sql STABLE AS"
           " 'SELECT clock_timestamp() + by FROM %s.ahead'",
           schema, schema, schema);
    return url;
}

Test(clock_postgres, worker_jumps_keep_leases_and_delays)
{
    jumps_of_the_worker_change_nothing(begin());
}

Test(clock_postgres, server_jumps_lose_no_job)
{
    jumps_of_the_server_lose_nothing(begin(), jump_server);
}
