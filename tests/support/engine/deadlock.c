/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <tests/support/deadlock.h>
#include <tests/support/test.h>

unsigned deadlock_workers = 2;
const char *deadlock_queue = "chase-lev";

filch_runtime *deadlock_runtime(void)
{
    filch_runtime *rt = NULL;
    filch_config config = {.workers = deadlock_workers,
                           .queue = deadlock_queue,
                           .max_fibers = 1000};
    CHILD_CHECK(filch_runtime_create(&rt, &config) == 0);
    return rt;
}

filch_channel *deadlock_channel(void)
{
    return channel_of(sizeof(int), 0);
}

void receives(filch_self self, void *from)
{
    int item;
    filch_channel_receive(from, &item);
}

void *thread_receives(void *from)
{
    receives(NULL, from);
    return NULL;
}

void not_reported(const char *report, void *unused)
{
    dprintf(STDERR_FILENO, "%s", report);
    _exit(98);
}

static void (*undisturbed)(void);

static void live_on(void)
{
    setenv("FILCH_DEADLOCK", "die", 1);
    filch_on_deadlock(not_reported, NULL);
    alarm(60);
    undisturbed();
}

void expect_no_report(void (*work)(void), unsigned index)
{
    struct child child;
    undisturbed = work;
    child_run(&child, live_on);
    cr_assert(child_passed(&child), "%u, %u workers: 0x%x: %s", index, deadlock_workers,
              child.status, child.text);
}
