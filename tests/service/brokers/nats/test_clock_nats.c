/* SPDX-License-Identifier: MIT OR Apache-2.0
 * test: long; wraps clock_gettime; processors 1 (it waits for leases most of the time)
 *
 * A service on NATS whose clock jumps. It is the clock of the service that ends delays. */
#include <tests/service/brokers/nats/nats.h>
#include <tests/service/clock_jump.h>

Test(clock_nats, jumps_lose_no_job_or_lease)
{
    nats_start(nats_jetstream());
    jumps_of_the_clock_lose_nothing(
        &(jump_clock){.url = nats_url(""), .jump = jump_wall_by, .runs = 1, .back = JUMP_DAYS});
}
