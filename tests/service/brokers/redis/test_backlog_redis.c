/* SPDX-License-Identifier: MIT OR Apache-2.0
 * test: long
 *
 * 100,000 messages wait in a Redis server. */
#include <tests/service/backlog.h>
#include <tests/service/brokers/redis/redis.h>

Test(backlog_redis, delivery_is_ordered_with_bounded_memory)
{
    static redis_server server;
    redis_start(&server);
    a_backlog_is_taken_in_order(&fl_broker_redis, redis_url(&server, "/0"));
    redis_kill(&server);
}
