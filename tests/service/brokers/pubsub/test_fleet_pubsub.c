/* SPDX-License-Identifier: MIT OR Apache-2.0
 * test: long; processors 1 (it waits for leases most of the time)
 *
 * Processes that share queues of Pub/Sub lose no job while they and their connections are killed. The
 * server's messages are in memory, so it lives on: our stand-in, or the vendor's emulator if
 * PUBSUB_EMULATOR_HOST names one on this machine. */
#include <tests/service/brokers/pubsub/pubsub.h>
#include <tests/service/disturb.h>
#include <tests/service/fleet.h>
#include <tests/service/ready_again.h>

/* Cuts all connections. */
static void cut(void)
{
    if (pubsub.pid)
        cr_assert_eq(kill(pubsub.pid, SIGUSR1), 0);
    else
        proxy_set(&disturb_way, PROXY_RESETS);
}

static int server_port(void)
{
    const char *emulator = getenv("PUBSUB_EMULATOR_HOST"),
               *port = emulator ? strrchr(emulator, ':') : NULL;
    if (port)
        return atoi(port + 1);
    pubsub_start();
    return pubsub.port;
}

Test(fleet_pubsub, killed_workers_and_connections_lose_nothing)
{
    char more[64];
    disturb_way = proxy_start(server_port());
    snprintf(more, sizeof more, "&credentials=none&prefix=run-%d-", (int)getpid());
    disturb_server = cut;
    fleet_loses_nothing(&(fleet_plan){.url = pubsub_url(disturb_way.port, more),
                                      .kills = 2,
                                      .disturb = disturb,
                                      .disturbances = DISTURBANCES});
    proxy_end(&disturb_way);
}

Test(fleet_pubsub, run_ready_finds_newly_arrived_messages)
{
    char more[64];
    snprintf(more, sizeof more, "&credentials=none&prefix=again-%d-", (int)getpid());
    ready_again_finds_messages(pubsub_url(server_port(), more), "tasks");
}
