/* SPDX-License-Identifier: MIT OR Apache-2.0
 * test: wraps clock_gettime; processors 1 (it waits for leases most of the time)
 *
 * A service on Redis whose clock, or whose server's clock, jumps. */
#include <tests/service/brokers/redis/redis.h>
#include <tests/service/clock_jump.h>

static redis_server server = {.has_clock = true, .clock_runs = true};

static void jump_server(int64_t ns)
{
    filch_u64_add(redis_passed, (uint64_t)ns, FILCH_ACQ_REL);
}

static const char *begin(void)
{
    redis_make_clock();
    redis_start(&server);
    return redis_url(&server, "/0");
}

Test(clock_redis, worker_jumps_keep_leases_and_delays)
{
    jumps_of_the_worker_change_nothing(begin());
}

Test(clock_redis, server_jumps_lose_no_job)
{
    jumps_of_the_server_lose_nothing(begin(), jump_server);
}
