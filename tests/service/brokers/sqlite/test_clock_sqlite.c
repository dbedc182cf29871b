/* SPDX-License-Identifier: MIT OR Apache-2.0
 * test: wraps clock_gettime; processors 1 (it waits for leases most of the time)
 *
 * A service on a database does not notice that the wall clock of its machine jumps. */
#include <tests/service/clock_jump.h>
#include <tests/support/system.h>
#include <tests/support/test.h>

Test(clock_sqlite, clock_jumps_keep_leases_and_delays)
{
    char url[256];
    snprintf(url, sizeof url, "sqlite:%s/jobs.db?sync=normal", folder_make());
    jumps_of_the_worker_change_nothing(url);
}
