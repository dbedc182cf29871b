/* SPDX-License-Identifier: MIT OR Apache-2.0
 * test: processors 1 (it waits for leases most of the time)
 *
 * Processes that share a Redis server lose no job while they, it and their connections are killed. */
#include <tests/service/brokers/redis/redis.h>
#include <tests/service/disturb.h>
#include <tests/service/fleet.h>

static redis_server server;

static void restart(void)
{
    redis_kill(&server);
    redis_start(&server);
}

Test(fleet_redis, kills_and_disconnects_lose_no_job)
{
    char url[64];
    REDIS_START(&server, "--appendfsync", "always");
    disturb_way = proxy_start(server.port);
    disturb_server = restart;
    snprintf(url, sizeof url, "redis://127.0.0.1:%d", disturb_way.port);
    fleet_loses_nothing(
        &(fleet_plan){.url = url, .kills = 2, .disturb = disturb, .disturbances = DISTURBANCES});
    proxy_end(&disturb_way);
    redis_kill(&server);
}
