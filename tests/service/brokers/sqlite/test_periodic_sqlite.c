/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Processes that share a database publish each slot of a periodic job once. */
#include <tests/service/periodic.h>
#include <tests/support/system.h>
#include <tests/support/test.h>

Test(periodic_sqlite, processes_publish_slots_once_despite_kill)
{
    char url[256];
    snprintf(url, sizeof url, "sqlite:%s/jobs.db?sync=normal", folder_make());
    processes_publish_each_slot_once(url, false);
}
