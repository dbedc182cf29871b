/* SPDX-License-Identifier: MIT OR Apache-2.0
 * test: long in default; processors 1 (it waits for leases most of the time)
 *
 * Processes that share a PostgreSQL server lose no job while they, it and their connections are
 * killed. */
#include <tests/service/brokers/postgres/postgres.h>
#include <tests/service/disturb.h>
#include <tests/service/fleet.h>

static pg_server server;

static void restart(void)
{
    pg_kill(&server, SIGQUIT);
    pg_restart(&server);
}

Test(fleet_postgres, kills_and_disconnects_lose_no_job)
{
    char url[80];
    snprintf(server.folder, sizeof server.folder, "%s", folder_make());
    cr_assert(pg_begin(&server, true));
    disturb_way = proxy_start((int)server.port);
    disturb_server = restart;
    snprintf(url, sizeof url, "postgres://filch@127.0.0.1:%d/postgres", disturb_way.port);
    fleet_loses_nothing(
        &(fleet_plan){.url = url, .kills = 2, .disturb = disturb, .disturbances = DISTURBANCES});
    proxy_end(&disturb_way);
    pg_kill(&server, SIGQUIT);
}
