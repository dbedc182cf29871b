/* SPDX-License-Identifier: MIT OR Apache-2.0
 * test: long
 *
 * 100,000 messages wait in a database. */
#include <tests/service/backlog.h>
#include <tests/support/system.h>
#include <tests/support/test.h>

Test(backlog_sqlite, delivery_is_ordered_with_bounded_memory)
{
    char url[256];
    snprintf(url, sizeof url, "sqlite:%s/jobs.db?sync=normal", folder_make());
    a_backlog_is_taken_in_order(&fl_broker_sqlite, url);
}
