/* SPDX-License-Identifier: MIT OR Apache-2.0
 * test: long; processors 1 (it waits for leases most of the time); timeout 600 (it waits for its groups, three seconds each time with the stand-in)
 *
 * Processes that share topics of Kafka, here a stand-in, lose no job while they and their connections are
 * killed. The stand-in keeps messages in memory, so it is not killed. */
#include <tests/service/brokers/kafka/kafka.h>
#include <tests/service/fleet.h>
#include <tests/service/ready_again.h>

static const char *const topics[] = {"tasks=6", "tasks.retry=3", "tasks.dlq=1", NULL};

Test(fleet_kafka, killed_workers_and_connections_lose_nothing, .timeout = 240)
{
    kafka_start(topics);
    fleet_loses_nothing(
        &(fleet_plan){.url = kafka_url("?session.timeout.ms=6000&heartbeat.interval.ms=500"),
                      .kills = 2,
                      .disturb = kafka_disconnect,
                      .disturbances = 2});
}

Test(fleet_kafka, run_ready_finds_newly_arrived_messages, .timeout = 240)
{
    kafka_start(topics);
    ready_again_finds_messages(kafka_url("?session.timeout.ms=6000&fetch.wait.max.ms=10"), "tasks");
}
