/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Processes that share queues of Pub/Sub lose no job while they and their connections are killed. The
 * server's messages are in memory, so it lives on. */
#include <tests/support/disturb.h>
#include <tests/support/fleet.h>
#include <tests/support/pubsub.h>

/* Cuts all connections. */
static void cut(void)
{
    cr_assert_eq(kill(pubsub.pid, SIGUSR1), 0);
}

Test(fleet_pubsub, killed_workers_and_connections_lose_no_job)
{
    pubsub_start();
    disturb_way = proxy_start(pubsub.port);
    disturb_server = cut;
    fleet_loses_nothing(&(fleet_plan){.url = pubsub_url(disturb_way.port, "&credentials=none"),
                                      .kills = 2,
                                      .disturb = disturb,
                                      .disturbances = DISTURBANCES});
    proxy_end(&disturb_way);
}
