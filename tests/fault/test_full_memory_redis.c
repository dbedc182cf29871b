/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A Redis server whose memory is full. */
#include <tests/support/redis.h>
#include <tests/support/refusals.h>

static redis_server server;

static void fill(void)
{
    cr_assert_str_eq(redis_tell(&server, "CONFIG SET maxmemory 1"), "OK");
}

static void clear(void)
{
    cr_assert_str_eq(redis_tell(&server, "CONFIG SET maxmemory 0"), "OK");
}

Test(full_memory_redis, a_service_tells_of_it)
{
    REDIS_START(&server, "--maxmemory-policy", "noeviction");
    a_service_tells(&(refusals){redis_url(&server, "/0"), "raise maxmemory", fill, clear});
    redis_kill(&server);
}
