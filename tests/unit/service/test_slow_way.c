/* SPDX-License-Identifier: MIT OR Apache-2.0
 * test: needs way_servers
 *
 * Brokers whose server is far away: bytes come one by one, and late. */
#include <tests/service/brokers/nats/nats.h>
#include <tests/service/brokers/postgres/postgres.h>
#include <tests/service/brokers/redis/redis.h>
#include <tests/service/slow_way.h>

Test(slow_way, messages_of_redis_come_whole)
{
    static redis_server server;
    redis_start(&server);
    messages_come_whole(server.port, &fl_broker_redis, "redis://127.0.0.1:%d/0");
    redis_kill(&server);
}

Test(slow_way, messages_of_postgres_come_whole)
{
    messages_come_whole((int)pg_shared()->port, &fl_broker_postgres,
                        "postgres://filch@127.0.0.1:%d/postgres?sslmode=disable");
}

Test(slow_way, messages_of_nats_come_whole)
{
    nats_start(nats_jetstream());
    messages_come_whole(nats.port, &fl_broker_nats, "nats://127.0.0.1:%d/jobs");
}
