/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Processes that share a Redis server publish each slot of a periodic job once. */
#include <tests/service/brokers/redis/redis.h>
#include <tests/service/periodic.h>

Test(periodic_redis, interrupted_processes_publish_each_slot_once)
{
    static redis_server server;
    char url[64];
    redis_start(&server);
    snprintf(url, sizeof url, "redis://127.0.0.1:%d", server.port);
    processes_publish_each_slot_once(url, true);
    redis_kill(&server);
}
