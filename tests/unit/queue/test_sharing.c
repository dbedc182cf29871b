/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Work sharing counts the tasks that a worker gives away. */
#include <tests/support/engine.h>
#include <tests/support/tasks.h>
#include <tests/support/test.h>

Test(sharing, lone_worker_gives_no_task_away)
{
    filch_runtime *rt = stats_runtime(1, "sharing", NULL);
    cr_assert_eq(FILCH_RUN(rt, fib, 8), serial_fib(8));
    const filch_runtime_stats stats = stats_now(rt, FILCH_ALL_WORKERS);
    cr_assert_gt(stats.forks, 0);
    cr_assert_eq(stats.pushes, 0);
    stats_end(rt);
}
