/* SPDX-License-Identifier: MIT OR Apache-2.0
 * test: processors 1 (it waits for leases most of the time)
 *
 * Processes that share a database lose no job while they are killed and stopped. */
#include <tests/service/fleet.h>
#include <tests/support/system.h>
#include <tests/support/test.h>

Test(fleet_sqlite, killed_workers_repeat_only_held_jobs)
{
    char url[256];
    snprintf(url, sizeof url, "sqlite:%s/jobs.db?sync=normal", folder_make());
    fleet_loses_nothing(&(fleet_plan){.url = url, .kills = 4});
}
