/* SPDX-License-Identifier: MIT OR Apache-2.0
 * test: long; processors 1 (it waits for leases most of the time)
 *
 * Processes that share a NATS server lose no job while they, it and their connections are killed. */
#include <tests/service/brokers/nats/nats.h>
#include <tests/service/disturb.h>
#include <tests/service/fleet.h>

static void restart(void)
{
    nats_start_with("");
}

Test(fleet_nats, kills_and_disconnects_lose_no_job)
{
    char url[64];
    nats_start_with("");
    disturb_way = proxy_start(nats.port);
    disturb_server = restart;
    snprintf(url, sizeof url, "nats://127.0.0.1:%d/jobs", disturb_way.port);
    fleet_loses_nothing(
        &(fleet_plan){.url = url, .kills = 2, .disturb = disturb, .disturbances = DISTURBANCES});
    proxy_end(&disturb_way);
}
