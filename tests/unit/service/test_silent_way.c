/* SPDX-License-Identifier: MIT OR Apache-2.0
 * test: jobs 4; needs way_servers
 *
 * Brokers behind a network that swallows packets without a word. */
#include <tests/service/broker_bench.h>
#include <tests/service/brokers/nats/nats.h>
#include <tests/service/brokers/postgres/postgres.h>
#include <tests/service/brokers/redis/redis.h>
#include <tests/support/system.h>
#include <tests/support/test.h>

static void finds_silence(const fl_broker_kind *kind, const char *format, int port)
{
    char url[128];
    bench b = {.kind = kind, .url = url};
    snprintf(url, sizeof url, format, port);
    b.consumer = bench_open(&b, FL_BROKER_CONSUMES);
    connections_find_silence(port);
    kind->close(b.consumer);
}

Test(silent_way, redis_finds_silence_in_time)
{
    static redis_server server;
    redis_start(&server);
    finds_silence(&fl_broker_redis, "redis://127.0.0.1:%d/0", server.port);
    redis_kill(&server);
}

Test(silent_way, postgres_finds_silence_in_time)
{
    finds_silence(&fl_broker_postgres, "postgres://filch@127.0.0.1:%d/postgres?sslmode=disable",
                  (int)pg_shared()->port);
}

/* The idle consumer sends nothing by itself: only unanswered pings of the library tell. */
Test(silent_way, nats_finds_silence_by_pings)
{
    char url[128];
    fl_broker_rc rc = FL_BROKER_OK;
    bench b = {.kind = &fl_broker_nats, .url = url};
    nats_start(nats_jetstream());
    proxy way = proxy_start(nats.port);
    snprintf(url, sizeof url, "nats://127.0.0.1:%d/jobs", way.port);
    b.consumer = bench_open(&b, FL_BROKER_CONSUMES);
    proxy_set(&way, PROXY_STALLS);
    WAIT_WHILE((rc = fl_broker_nats.turn(b.consumer)) == FL_BROKER_OK);
    cr_assert_eq(rc, FL_BROKER_LOST);
    fl_broker_nats.close(b.consumer);
    proxy_end(&way);
}
