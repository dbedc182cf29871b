/* SPDX-License-Identifier: MIT OR Apache-2.0
 * test: wraps syscall
 *
 * The report of a deadlock names the call in which each task waits, its object, and the task, also
 * of a future and of a sequel. It comes after timers have fired and threads have waited in time. */
#include <tests/support/deadlock.h>

#include <linux/futex.h>
#include <runtime/engine/runtime.h>
#include <sched/idle.h>
#include <stdarg.h>
#include <stdbool.h>
#include <sys/syscall.h>
#include <tests/support/tasks.h>
#include <tests/support/test.h>

static filch_channel *nothing, *full;
static filch_once_flag flag;
static signpost begun;

static void receives_for_ever(filch_self self, void *unused)
{
    receives(self, nothing);
}

static void sends_for_ever(filch_self self, void *unused)
{
    filch_channel_send(full, &(int){1});
}

static void selects_for_ever(filch_self self, void *unused)
{
    int item;
    filch_case cases[] = {FILCH_RECEIVE(nothing, &item)};
    filch_select(cases, 1);
}

static void never_made(void *unused)
{
    signpost_raise(&begun);
    receives(NULL, nothing);
}

static void calls_once(filch_self self, void *unused)
{
    filch_once(&flag, never_made, NULL);
}

FILCH_TASK(int, started_task)
{
    receives(self, nothing);
    return 0;
}

static int waits_as_sequel(filch_self self, const void *value, void *result, void *arg)
{
    receives(self, nothing);
    return 0;
}

static void die_all_the_same(const char *report, void *unused)
{
    dprintf(STDERR_FILENO, "%s", report);
    abort();
}

static void prepare(void)
{
    setenv("FILCH_DEADLOCK", "die", 1);
    if (BUILD_TSAN) /* its own thread is a stranger, beside which no process dies */
        filch_on_deadlock(die_all_the_same, NULL);
    alarm(60);
    nothing = deadlock_channel();
    full = deadlock_channel();
}

/* ---- Names ---- */

static void wait_in_all_calls(void)
{
    static filch_future future, from, next;
    prepare();
    filch_runtime *rt = deadlock_runtime();
    filch_go(rt, calls_once, NULL);
    signpost_wait(&begun, 1);
    filch_go(rt, calls_once, NULL);
    filch_go(rt, receives_for_ever, NULL);
    filch_go(rt, sends_for_ever, NULL);
    filch_go(rt, selects_for_ever, NULL);
    CHILD_CHECK(!FILCH_ASYNC(rt, &future, started_task));
    CHILD_CHECK(!filch_then(&next, &from, rt, waits_as_sequel, NULL, 0));
    CHILD_CHECK(!filch_future_set(&from, NULL, 0));
    filch_runtime_destroy(rt);
}

/* In one line: `task` and then `call`. */
static bool waits_in(const char *report, const char *task, const char *call)
{
    const char *at = strstr(report, task), *end = at ? strchr(at, '\n') : NULL;
    const char *in = at ? strstr(at, call) : NULL;
    return end && in && in < end;
}

Test(deadlock_calls, report_names_tasks_and_waiting_calls)
{
    static const char *const lines[][2] = {
        {"task receives_for_ever", "waits in filch_channel_receive for 0x"},
        {"task sends_for_ever", "waits in filch_channel_send for 0x"},
        {"task selects_for_ever", "waits in filch_select"},
        {"task calls_once", "waits in filch_"},
        {"task started_task, spawned at ", "waits in filch_channel_receive for 0x"},
        {"task waits_as_sequel, spawned at ", "waits in filch_channel_receive for 0x"},
    };
    struct child child;
    child_run(&child, wait_in_all_calls);
    cr_assert(child_died(&child, "all fibers are asleep"), "0x%x: %s", child.status, child.text);
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        cr_assert(waits_in(child.text, lines[i][0], lines[i][1]), "%s %s not in: %s", lines[i][0],
                  lines[i][1], child.text);
    cr_assert(strstr(child.text, "waits in filch_once for 0x"), "%s", child.text);
}

/* ---- Threads ---- */

static void wait_after_a_timer(void)
{
    prepare();
    filch_runtime *rt = deadlock_runtime();
    filch_context *soon;
    CHILD_CHECK(!filch_after(&soon, 20 * FILCH_MILLISECOND));
    CHILD_CHECK(filch_context_wait(soon, FILCH_FOREVER) == -ETIMEDOUT);
    filch_go(rt, receives_for_ever, NULL);
    filch_runtime_destroy(rt);
}

Test(deadlock_calls, deadlock_after_first_timer_is_found)
{
    /* Thread sanitizer has a thread of its own, unknown to Filch. */
    const char *report = BUILD_TSAN ? "all fibers are asleep - perhaps a deadlock: "
                                    : "all fibers are asleep - deadlock: ";
    struct child child;
    child_run(&child, wait_after_a_timer);
    cr_assert(child_died(&child, report), "0x%x: %s", child.status, child.text);
}

/* All workers sleep before this thread waits; the last of them has told the detector of nothing. */
static void block_as_the_last(void)
{
    prepare();
    filch_runtime *rt = deadlock_runtime();
    filch_go(rt, receives_for_ever, NULL);
    usleep(LONG * 1000);
    thread_receives(nothing);
}

Test(deadlock_calls, last_waiting_thread_completes_deadlock)
{
    struct child child;
    child_run(&child, block_as_the_last);
    cr_assert(child_died(&child, "all fibers are asleep"), "0x%x: %s", child.status, child.text);
}

/* A deadlock is found when the last worker falls asleep, although each look before has found it at
 * work. */

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

/* A deadlock is found when a thread begins to wait long after the last task has blocked: for that task,
 * or for the end of the runtime. The thread is held in the call that wakes the worker. */

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

/* A runtime whose only worker sleeps, and a channel to which nobody sends. */
static filch_runtime *asleep(filch_channel **silent)
{
    setenv("FILCH_DEADLOCK", "die", 1);
    filch_on_deadlock(report_and_die, NULL);
    alarm(60);
    deadlock_workers = 1;
    filch_runtime *rt = deadlock_runtime();
    *silent = deadlock_channel();
    WAIT_WHILE(!fl_idle_sleepers(fl_idle_look(&rt->idle)));
    return rt;
}

static void wait_long_after_the_task(void)
{
    filch_channel *silent;
    filch_runtime *rt = asleep(&silent);
    dawdles = true;
    (void)FILCH_RUN(rt, receiver, silent);
}

static void destroy_long_after_the_task(void)
{
    filch_channel *silent;
    filch_runtime *rt = asleep(&silent);
    CHILD_CHECK(!filch_go(rt, receives, silent));
    channel_wait_for(silent, 1);
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
