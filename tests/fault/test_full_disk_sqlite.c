/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A database whose disk is full. */
#include <tests/support/full_disk.h>
#include <tests/support/refusals.h>

Test(full_disk_sqlite, a_publisher_is_told_and_nothing_confirmed_is_lost)
{
    char url[256];
    snprintf(url, sizeof url, "sqlite:%s/jobs.db", disk_make(2));
    a_full_disk_loses_nothing(
        &(full_disk){&fl_broker_sqlite, url, "free some space on its file system", NULL});
}

Test(full_disk_sqlite, a_service_tells_of_it)
{
    char url[256];
    snprintf(url, sizeof url, "sqlite:%s/jobs.db", disk_make(2));
    a_service_tells(&(refusals){url, "free some space on its file system", disk_fill, disk_clear});
}
