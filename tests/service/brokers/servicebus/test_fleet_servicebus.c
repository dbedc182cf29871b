/* SPDX-License-Identifier: MIT OR Apache-2.0
 * test: long; processors 1 (it waits for leases most of the time)
 *
 * Processes that share the stand-in for Service Bus lose no job while they and their connections are
 * killed. It keeps its messages in memory, so it is not killed itself. */
#include <tests/service/brokers/servicebus/service_bus.h>
#include <tests/service/disturb.h>
#include <tests/service/fleet.h>
#include <tests/service/ready_again.h>

Test(fleet_servicebus, killed_workers_and_connections_lose_nothing)
{
    service_bus_start("5000", "1000");
    disturb_way = proxy_start(service_bus.port);
    fleet_loses_nothing(&(fleet_plan){.url = service_bus_url(disturb_way.port, ""),
                                      .kills = 2,
                                      .disturb = disturb,
                                      .disturbances = DISTURBANCES - 1});
    proxy_end(&disturb_way);
    service_bus_end();
}

Test(fleet_servicebus, run_ready_finds_newly_arrived_messages)
{
    service_bus_start("5000", "1000");
    ready_again_finds_messages(service_bus_url(service_bus.port, ""), "tasks");
    ready_again_finds_messages(service_bus_url(service_bus.port, "sessions=2"), "sessions");
    service_bus_end();
}
