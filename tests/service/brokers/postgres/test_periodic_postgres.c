/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Processes that share a PostgreSQL server publish each slot of a periodic job once. */
#include <tests/service/brokers/postgres/postgres.h>
#include <tests/service/periodic.h>

Test(periodic_postgres, interrupted_processes_publish_each_slot_once)
{
    static pg_server server;
    char url[80];
    snprintf(server.folder, sizeof server.folder, "%s", folder_make());
    cr_assert(pg_begin(&server, false));
    snprintf(url, sizeof url, "postgres://filch@127.0.0.1:%u/postgres", server.port);
    processes_publish_each_slot_once(url, true);
    pg_kill(&server, SIGQUIT);
}
