/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Reporting a deadlock: the receivers of the report, and whether the process dies. */
#include <pthread.h>
#include <runtime/engine/park.h>
#include <runtime/engine/worker.h>
#include <tests/support/deadlock.h>
#include <tests/support/system.h>
#include <tests/support/tasks.h>
#include <tests/support/test.h>

static signpost heard;

static void hear(const char *report, void *arg)
{
    CHILD_CHECK(strstr(report, "all fibers are asleep"));
    CHILD_CHECK(arg == (void *)&heard);
    signpost_raise(&heard);
}

static void report_once_and_go_on(void)
{
    filch_channel *numbers = deadlock_channel();
    unsetenv("FILCH_DEADLOCK");
    if (BUILD_DEBUG)
        setenv("FILCH_DEADLOCK", "report", 1);
    filch_runtime *rt = deadlock_runtime();
    filch_on_deadlock(hear, (void *)&heard);
    pthread_t thread;
    filch_go(rt, receives, numbers);
    CHILD_CHECK(!pthread_create(&thread, NULL, thread_receives, numbers));
    filch_channel_receive_until(numbers, &(int){0}, filch_in(LONG * FILCH_MILLISECOND));
    CHILD_CHECK(!signpost_count(&heard)); /* this thread has only waited until a time */
    filch_channel_close(numbers);
    pthread_join(thread, NULL);
    filch_runtime_destroy(rt);
}

/* A thread that has never called Filch may be about to; it does. */
static void *stranger(void *arg)
{
    signpost_wait(&heard, 1);
    filch_channel_send(arg, &(int){1});
    return NULL;
}

static void do_not_die_beside_a_stranger(void)
{
    setenv("FILCH_DEADLOCK", "die", 1);
    filch_channel *numbers = deadlock_channel();
    filch_runtime *rt = deadlock_runtime();
    filch_on_deadlock(hear, (void *)&heard);
    pthread_t thread;
    CHILD_CHECK(!pthread_create(&thread, NULL, stranger, numbers));
    filch_go(rt, receives, numbers);
    filch_runtime_destroy(rt);
    pthread_join(thread, NULL);
    CHILD_CHECK(signpost_count(&heard) == 1);
}

static void say_nothing(void)
{
    setenv("FILCH_DEADLOCK", "off", 1);
    filch_on_deadlock(not_reported, NULL);
    deadlock_runtime();
    filch_runtime *rt = deadlock_runtime();
    filch_go(rt, receives, deadlock_channel());
    ualarm(LONG * 1000, 0);
    filch_runtime_destroy(rt);
}

Test(deadlock_report, callback_runs_and_strangers_prevent_abort)
{
    struct child child;
    child_run(&child, report_once_and_go_on);
    cr_assert(child_passed(&child), "0x%x: %s", child.status, child.text);
    child_run(&child, do_not_die_beside_a_stranger);
    cr_assert(child_passed(&child), "0x%x: %s", child.status, child.text);
    child_run(&child, say_nothing);
    cr_assert(WIFSIGNALED(child.status) && WTERMSIG(child.status) == SIGALRM, "0x%x: %s",
              child.status, child.text);
    cr_assert_str_eq(child.text, "");
}

static void go_by_default(void)
{
    unsetenv("FILCH_DEADLOCK");
    filch_runtime *rt = deadlock_runtime();
    filch_go(rt, receives, deadlock_channel());
    if (!BUILD_DEBUG || BUILD_TSAN)
        ualarm(LONG * 1000, 0);
    filch_runtime_destroy(rt);
}

Test(deadlock_report, default_dies_only_in_checked_builds)
{
    struct child child;
    child_run(&child, go_by_default);
    if (BUILD_DEBUG && !BUILD_TSAN)
        cr_assert(child_died(&child, "all fibers are asleep"), "0x%x: %s", child.status,
                  child.text);
    else
        cr_assert(WIFSIGNALED(child.status) && WTERMSIG(child.status) == SIGALRM, "0x%x: %s",
                  child.status, child.text);
}

Test(deadlock_report, an_unknown_wish_is_refused)
{
    filch_runtime *rt = NULL;
    setenv("FILCH_DEADLOCK", "maybe", 1);
    cr_assert_eq(filch_runtime_create(&rt, NULL), -EINVAL);
    cr_assert(strstr(filch_error(),
                     "unknown FILCH_DEADLOCK 'maybe' (valid: die, report, warn, off)"),
              "%s", filch_error());
    unsetenv("FILCH_DEADLOCK");
}

/* ---- With a trace ---- */

static char trace[160];

/* The thread of thread sanitizer is a stranger, beside which no process dies by itself. */
static void say_and_die(const char *text, void *unused)
{
    fputs(text, stderr);
    abort();
}

static void die_while_it_is_traced(void)
{
    setenv("FILCH_DEADLOCK", "report", 1);
    setenv("FILCH_TRACE", trace, 1);
    filch_on_deadlock(say_and_die, NULL);
    filch_runtime *rt = deadlock_runtime();
    filch_go(rt, receives, deadlock_channel());
    filch_runtime_destroy(rt);
}

Test(deadlock_report, report_contains_last_trace_events)
{
    struct child child;
    const char *in = NULL, *folder = folder_make();
    snprintf(trace, sizeof trace, "%s/run.trace", folder);
    child_run(&child, die_while_it_is_traced);
    cr_assert(child_died(&child, "waits in filch_channel_receive"), "0x%x: %s", child.status,
              child.text);
    in = strstr(child.text, "the last events of the trace ");
    cr_assert(in && strstr(in, "/run.trace:"), "%s", child.text);
    cr_assert(strstr(in, "a thread: submit"), "%s", child.text);
    cr_assert(strstr(in, ": job receives"), "%s", child.text);
    cr_assert(strstr(in, " 0.000 us before: worker ") &&
                  strstr(strstr(in, " 0.000 us before: worker "), ": wait fiber "),
              "%s", child.text);
    cr_assert(strstr(in, " filch_channel_receive"), "%s", child.text);
}

/* ---- Once ---- */

static filch_runtime *stuck;

/* As a worker does that gives back memory while nothing else happens. */
static void wake_in_vain(const char *report, void *unused)
{
    if (signpost_count(&heard))
        not_reported(report, NULL);
    signpost_raise(&heard);
    fl_wake_one(stuck, 0, FL_UNLESS_AWAKE);
    ualarm(2 * LONG * 1000, 0);
}

static void wake_in_a_deadlock(void)
{
    setenv("FILCH_DEADLOCK", "report", 1);
    filch_on_deadlock(wake_in_vain, NULL);
    stuck = deadlock_runtime();
    filch_go(stuck, receives, deadlock_channel());
    filch_runtime_destroy(stuck);
}

Test(deadlock_report, spurious_wakeup_does_not_repeat_report)
{
    struct child child;
    child_run(&child, wake_in_a_deadlock);
    cr_assert(WIFSIGNALED(child.status) && WTERMSIG(child.status) == SIGALRM, "0x%x: %s",
              child.status, child.text);
}
