/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A deadlock is found when a thread begins to wait long after the last task has blocked: for that task,
 * or for the end of the runtime. The thread is held in the call that wakes the worker. */
#include <linux/futex.h>
#include <runtime/engine/runtime.h>
#include <sched/idle.h>
#include <stdarg.h>
#include <stdbool.h>
#include <sys/syscall.h>
#include <tests/support/deadlock.h>
#include <tests/support/tasks.h>
#include <tests/support/test.h>

static __thread bool dawdles; /* after its next wake-up of another thread */

long __real_syscall(long number, ...);
long __wrap_syscall(long number, ...);

long __wrap_syscall(long number, ...)
{
    long arg[6];
    va_list list;
    va_start(list, number);
    for (unsigned i = 0; i < 6; i++)
        arg[i] = va_arg(list, long);
    va_end(list);
    long rc = __real_syscall(number, arg[0], arg[1], arg[2], arg[3], arg[4], arg[5]);
    if (dawdles && number == SYS_futex && (arg[1] & FUTEX_CMD_MASK) == FUTEX_WAKE) {
        dawdles = false;
        usleep(2 * LONG * 1000);
    }
    return rc;
}

FILCH_TASK(int, receiver, (filch_channel *, from))
{
    int item = 0;
    filch_channel_receive(from, &item);
    return item;
}

static void report_and_die(const char *report, void *unused)
{
    dprintf(STDERR_FILENO, "%s", report);
    abort();
}

/* A runtime whose only worker sleeps, and a channel to which nobody sends. */
static filch_runtime *asleep(filch_channel **nothing)
{
    setenv("FILCH_DEADLOCK", "die", 1);
    filch_on_deadlock(report_and_die, NULL);
    alarm(60);
    deadlock_workers = 1;
    filch_runtime *rt = deadlock_runtime();
    *nothing = deadlock_channel();
    WAIT_WHILE(!fl_idle_sleepers(fl_idle_look(&rt->idle)));
    return rt;
}

static void wait_long_after_the_task(void)
{
    filch_channel *nothing;
    filch_runtime *rt = asleep(&nothing);
    dawdles = true;
    (void)FILCH_RUN(rt, receiver, nothing);
}

static void destroy_long_after_the_task(void)
{
    filch_channel *nothing;
    filch_runtime *rt = asleep(&nothing);
    CHILD_CHECK(!filch_go(rt, receives, nothing));
    channel_wait_for(nothing, 1);
    WAIT_WHILE(!fl_idle_sleepers(fl_idle_look(&rt->idle)));
    dawdles = true;
    filch_runtime_destroy(rt);
}

Test(deadlock_thread, thread_waiting_last_is_noticed)
{
    static const struct {
        void (*work)(void);
        const char *words;
    } rows[] = {{wait_long_after_the_task, "task receiver"},
                {destroy_long_after_the_task, "task receives"}};
    for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct child child;
        child_run(&child, rows[i].work);
        cr_assert(WIFSIGNALED(child.status) && WTERMSIG(child.status) == SIGABRT, "%u: 0x%x: %s", i,
                  child.status, child.text);
        cr_assert_not_null(strstr(child.text, rows[i].words), "%s", child.text);
    }
}
