/* SPDX-License-Identifier: MIT OR Apache-2.0
 * test: long; processors 1 (it waits for leases most of the time)
 *
 * Processes that share queues of Amazon SQS, here a stand-in, lose no job while they and their connections
 * are killed. The stand-in keeps messages in memory, so it is not killed. */
#include <tests/service/brokers/sqs/sqs.h>
#include <tests/service/fleet.h>
#include <tests/service/ready_again.h>

/* All connections at once. */
static void cut(void)
{
    cr_assert_eq(kill(sqs.pid, SIGUSR1), 0);
}

Test(fleet_sqs, killed_workers_and_connections_lose_nothing)
{
    sqs_start("token");
    fleet_loses_nothing(
        &(fleet_plan){.url = sqs_url(""), .kills = 2, .disturb = cut, .disturbances = 3});
}

Test(fleet_sqs, run_ready_finds_newly_arrived_messages)
{
    sqs_start("token");
    ready_again_finds_messages(sqs_url(""), "tasks");
}
