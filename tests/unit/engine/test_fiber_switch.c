/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Fibers that go on: those that changed their worker are counted, and none goes on while a report reads it. */
#include <runtime/engine/observe/waiting_list.h>
#include <runtime/engine/worker.h>
#include <runtime/platform/lock.h>
#include <tests/support/engine.h>
#include <tests/support/test.h>

/* ---- Migrations ---- */

FILCH_VOID_TASK(migrates, (bool, far))
{
    const fl_worker *here = fl_worker_here();
    for (int i = 0; i < 10; i++)
        filch_yield(self);
    while (far && fl_worker_here() == here)
        filch_yield(self);
}

Test(fiber_switch, resume_on_other_worker_counts_migration)
{
    for (unsigned workers = 1; workers <= 2; workers++) {
        filch_runtime *rt = stats_runtime(workers, NULL, NULL);
        FILCH_RUN(rt, migrates, workers > 1);
        cr_expect_eq(stats_now(rt, FILCH_ALL_WORKERS).migrations > 0, workers > 1, "%u", workers);
        stats_end(rt);
    }
}

/* ---- Reports ---- */

static struct {
    filch_runtime *rt;
    filch_channel *channel;
    signpost about_to_wait, went_on;
    unsigned seen;
} test;

static void waits(filch_self self, void *unused)
{
    int item = 0;
    signpost_raise(&test.about_to_wait);
    filch_channel_receive(test.channel, &item);
    signpost_raise(&test.went_on);
}

/* Lets the fiber go on, and returns when that waits for the end of the report. Its worker sleeps before, since a report holds
 * the lock of the fibers. */
static void see(const fl_fiber *fiber, const char *call, void *unused)
{
    test.seen++;
    OK(filch_channel_send(test.channel, &(int){1}));
    WAIT_WHILE(filch_u32_load(&test.rt->report.lock, FILCH_ACQUIRE) != FL_LOCK_WAITED_FOR);
    cr_assert_eq(signpost_count(&test.went_on), 0);
}

Test(fiber_switch, fiber_continues_after_report_reads_it)
{
    test.rt = stats_runtime(1, NULL, NULL);
    OK(filch_channel_create(&test.channel, sizeof(int), 1));
    OK(filch_go(test.rt, waits, NULL));
    signpost_wait(&test.about_to_wait, 1);
    WAIT_WHILE(filch_u32_load(&test.rt->worker[0]->park_word, FILCH_ACQUIRE) != FL_PARK_PARKED);
    fl_waits_each(test.rt, see, NULL);
    cr_assert_eq(test.seen, 1);
    signpost_wait(&test.went_on, 1);
    stats_end(test.rt);
    filch_channel_destroy(test.channel);
}
