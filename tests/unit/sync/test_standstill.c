/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Standstill at max_fibers while a thread polls with a timer: it is named after a second, with the
 * number and the variable, and again when it has lasted twice as long. */
#include <runtime/sync/deadlock.h>
#include <tests/support/deadlock.h>
#include <tests/support/test.h>

static const unsigned numbers[] = {1, 2, 8};
enum { NUMBERS = sizeof numbers / sizeof *numbers, TASKS = 50 };

static filch_channel *items;
static filch_u32 reports, ended;
static char wanted[64];

static void hear(const char *report, void *unused)
{
    if (strstr(report, "standstill for ") && strstr(report, wanted) &&
        strstr(report, "max_fibers (FILCH_MAX_FIBERS) above "))
        filch_u32_add(&reports, 1, FILCH_RELEASE);
}

static void receives_one(filch_self self, void *unused)
{
    receives(self, items);
    filch_u32_add(&ended, 1, FILCH_RELEASE);
}

static void poll_until_reported_twice(void)
{
    filch_runtime *rt;
    unsigned fibers = deadlock_workers + 4;
    snprintf(wanted, sizeof wanted, "all %u fibers wait", fibers);
    setenv("FILCH_DEADLOCK", "warn", 1);
    filch_on_deadlock(hear, NULL);
    alarm(60);
    CHILD_CHECK(!filch_runtime_create(&rt, &(filch_config){.workers = deadlock_workers,
                                                           .max_fibers = fibers}));
    items = deadlock_channel();
    for (unsigned i = 0; i < TASKS; i++)
        CHILD_CHECK(!filch_go(rt, receives_one, NULL));
    while (filch_u32_load(&reports, FILCH_ACQUIRE) < 2)
        filch_sleep(10 * FILCH_MILLISECOND); /* the thread polls with a timer */
    for (int i = 0; i < TASKS; i++)
        CHILD_CHECK(!filch_channel_send(items, &i));
    CHILD_CHECK(!filch_runtime_destroy(rt));
    CHILD_CHECK(filch_u32_load(&ended, FILCH_ACQUIRE) == TASKS);
}

Test(standstill, cap_is_named_while_thread_polls)
{
    for (unsigned i = 0; i < NUMBERS; i++) {
        struct child child;
        deadlock_workers = numbers[i];
        child_run(&child, poll_until_reported_twice);
        cr_assert(child_passed(&child), "%u workers: 0x%x: %s", deadlock_workers, child.status,
                  child.text);
    }
}
