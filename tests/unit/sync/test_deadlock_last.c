/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A deadlock is found when the last worker falls asleep, although each look before has found it at
 * work. */
#include <tests/support/deadlock.h>
#include <tests/support/test.h>

static void works_and_receives(filch_self self, void *arg)
{
    usleep(LONG * 1000);
    receives(self, arg);
}

static void report_and_die(const char *report, void *unused)
{
    dprintf(STDERR_FILENO, "%s", report);
    abort();
}

/* This thread waits for longer than the detector looks, and asks for no other look. */
static void wait_as_the_last_worker(void)
{
    setenv("FILCH_DEADLOCK", "die", 1);
    filch_on_deadlock(report_and_die, NULL);
    alarm(60);
    filch_runtime *rt = deadlock_runtime();
    filch_go(rt, works_and_receives, deadlock_channel());
    filch_runtime_destroy(rt);
}

Test(deadlock_last, worker_falling_asleep_last_is_noticed)
{
    static const unsigned counts[] = {1, 8};
    for (unsigned i = 0; i < 2; i++) {
        struct child child;
        deadlock_workers = counts[i];
        child_run(&child, wait_as_the_last_worker);
        cr_assert(WIFSIGNALED(child.status) && WTERMSIG(child.status) == SIGABRT, "0x%x: %s",
                  child.status, child.text);
        cr_assert_not_null(strstr(child.text, "task works_and_receives"), "%s", child.text);
    }
}
