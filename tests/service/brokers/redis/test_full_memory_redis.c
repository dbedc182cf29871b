/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A Redis server whose memory is full. */
#include <tests/service/brokers/redis/redis.h>
#include <tests/service/explained.h>
#include <tests/service/refusals.h>

static redis_server server;

static void fill(void)
{
    cr_assert_str_eq(redis_tell(&server, "CONFIG SET maxmemory 1"), "OK");
}

static void clear(void)
{
    cr_assert_str_eq(redis_tell(&server, "CONFIG SET maxmemory 0"), "OK");
}

Test(full_memory_redis, a_service_reports_it)
{
    REDIS_START(&server, "--maxmemory-policy", "noeviction");
    a_service_tells(&(refusals){redis_url(&server, "/0"), "raise maxmemory", fill, clear});
    redis_kill(&server);
}

Test(full_memory_redis, a_reader_needs_no_room)
{
    fl_broker *reader = NULL;
    fl_broker_count count;
    REDIS_START(&server, "--maxmemory-policy", "noeviction");
    fill();
    tried_reads = true;
    cr_assert_eq(try_to_open_as(&fl_broker_redis, redis_url(&server, "/0"), FL_BROKER_ADMINISTERS,
                                &reader),
                 FL_BROKER_OK, "%s", explained);
    cr_assert_eq(fl_broker_redis.count(reader, 0, &count), FL_BROKER_OK, "%s", explained);
    cr_assert_eq(count.ready, 0);
    fl_broker_redis.close(reader);
    redis_kill(&server);
}
