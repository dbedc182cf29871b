/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Brokers whose server is far away: bytes come one by one, and late. */
#include <tests/support/nats.h>
#include <tests/support/postgres.h>
#include <tests/support/redis.h>
#include <tests/support/slow_way.h>

static void passes_both_ways(int port, const fl_broker_kind *kind, const char *format)
{
    char url[128];
    proxy way = proxy_start(port);
    snprintf(url, sizeof url, format, way.port);
    messages_come_whole_by(&way, PROXY_TRICKLES, kind, url);
    messages_come_whole_by(&way, PROXY_DELAYS, kind, url);
    proxy_end(&way);
}

Test(slow_way, messages_of_redis_come_whole)
{
    static redis_server server;
    redis_start(&server);
    passes_both_ways(server.port, &fl_broker_redis, "redis://127.0.0.1:%d/0");
    redis_kill(&server);
}

Test(slow_way, messages_of_postgres_come_whole)
{
    passes_both_ways((int)pg_shared()->port, &fl_broker_postgres,
                     "postgres://filch@127.0.0.1:%d/postgres?sslmode=disable");
}

Test(slow_way, messages_of_nats_come_whole)
{
    nats_start(nats_jetstream());
    passes_both_ways(nats.port, &fl_broker_nats, "nats://127.0.0.1:%d/jobs");
}
