/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A PostgreSQL server whose disk is full. */
#include <tests/service/brokers/postgres/postgres.h>
#include <tests/service/full_disk.h>

static pg_server server;

static char url[80];

static void revive(void)
{
    WAIT_WHILE(PQping(url) != PQPING_OK); /* it may have ended all connections, and recovers */
}

Test(full_disk_postgres, publish_fails_but_confirmed_messages_survive)
{
    snprintf(server.folder, sizeof server.folder, "%s", disk_make(96));
    chmod(folder_make(), 0711); /* for the user of the server */
    cr_assert(pg_begin(&server, true));
    snprintf(url, sizeof url, "postgres://filch@127.0.0.1:%u/postgres", server.port);
    a_full_disk_loses_nothing(
        &(full_disk){&fl_broker_postgres, url, "No space left on device; free some space", revive});
    pg_kill(&server, SIGQUIT);
}
