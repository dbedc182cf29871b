/* SPDX-License-Identifier: MIT OR Apache-2.0
 * test: processors 1 (it waits for leases most of the time)
 *
 * Processes that share a RabbitMQ server lose no job while they, it and their connections are
 * killed. */
#include <tests/service/brokers/rabbit/rabbit.h>
#include <tests/service/disturb.h>
#include <tests/service/fleet.h>

Test(fleet_rabbit, kills_and_disconnects_lose_no_job)
{
    char url[128];
    disturb_way = proxy_start(rabbit_begin().port);
    disturb_server = rabbit_kill; /* its supervisor starts it again */
    snprintf(url, sizeof url, "amqp://guest:guest@127.0.0.1:%d/?heartbeat=2", disturb_way.port);
    fleet_loses_nothing(
        &(fleet_plan){.url = url, .kills = 2, .disturb = disturb, .disturbances = DISTURBANCES});
    proxy_end(&disturb_way);
}
