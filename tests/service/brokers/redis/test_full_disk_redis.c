/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A Redis server whose disk is full: it refuses commands, or, if it must sync each of them, it ends. */
#include <tests/service/brokers/redis/redis.h>
#include <tests/service/full_disk.h>
#include <tests/service/refusals.h>

static redis_server server;

static void revive(void)
{
    redis_kill(&server);
    redis_start(&server);
}

static void loses_nothing(const char *appendfsync, const char *words, void (*again)(void))
{
    REDIS_START(&server, "--dir", disk_make(2), "--appendfsync", appendfsync);
    a_full_disk_loses_nothing(
        &(full_disk){&fl_broker_redis, redis_url(&server, "/0"), words, again});
    redis_kill(&server);
}

Test(full_disk_redis, always_syncing_server_ends_without_loss)
{
    loses_nothing("always", "is the server up?", revive);
}

Test(full_disk_redis, server_syncing_each_second_refuses_messages)
{
    loses_nothing("everysec", "let the server save its data", NULL);
}

static bool is_told(const char *words)
{
    return strstr(redis_tell(&server, "SET k v"), words) != NULL;
}

static void fill(void)
{
    disk_fill();
    WAIT_WHILE(!is_told("MISCONF")); /* the server notices when it writes */
}

static void clear(void)
{
    disk_clear();
    WAIT_WHILE(!is_told("OK"));
}

Test(full_disk_redis, a_service_reports_it)
{
    REDIS_START(&server, "--dir", disk_make(2), "--appendfsync", "everysec");
    a_service_tells(
        &(refusals){redis_url(&server, "/0"), "let the server save its data", fill, clear});
    redis_kill(&server);
}
