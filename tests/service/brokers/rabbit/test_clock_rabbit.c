/* SPDX-License-Identifier: MIT OR Apache-2.0
 * test: wraps clock_gettime; processors 1 (it waits for leases most of the time)
 *
 * A service on RabbitMQ whose clock jumps. It is the clock of the service that ends delays; the rest
 * of one goes to a queue of the server, and so does a jump back. */
#include <tests/service/brokers/rabbit/rabbit.h>
#include <tests/service/clock_jump.h>

Test(clock_rabbit, jumps_lose_no_job_or_lease)
{
    jumps_of_the_clock_lose_nothing(&(jump_clock){.url = rabbit_url(""),
                                                  .jump = jump_wall_by,
                                                  .runs = 1,
                                                  .back = FILCH_SECOND,
                                                  .early = 2 * FILCH_MILLISECOND});
}
