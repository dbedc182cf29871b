/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Signals that cancel a context: the first does, later ones have their previous effect. */
#include <signal.h>
#include <tests/support/system.h>
#include <tests/support/tasks.h>
#include <tests/support/test.h>

static const int both[] = {SIGTERM, SIGINT};

static filch_context *signals_of(filch_context *parent)
{
    filch_context *context = NULL;
    CHILD_CHECK(filch_signal_context_start(&context, parent, both, 2) == 0);
    return context;
}

static filch_u32 heard;

static void hear(int number)
{
    filch_u32_store(&heard, (uint32_t)number, FILCH_RELEASE);
}

FILCH_TASK(int, wait_for_it, (filch_context *, stop))
{
    filch_case cases[] = {FILCH_DONE(stop), FILCH_UNTIL(filch_in(1000 * FILCH_SECOND))};
    return filch_select(cases, 2) == 0 ? cases[0].code : 0;
}

Test(signal_context, signal_cancels_context_and_descendants)
{
    for (unsigned c = 0; c < CONFIGS; c++) {
        filch_runtime *rt = config_runtime(c, 100);
        filch_context *root = child_of(NULL), *stop = signals_of(root), *below = child_of(stop);
        cr_assert_eq(raise(both[c % 2]), 0);
        cr_assert_eq(FILCH_RUN(rt, wait_for_it, below), -EINTR);
        cr_assert_eq(filch_context_cause(stop), -EINTR);
        cr_assert_eq(filch_context_cause(root), 0);
        filch_signal_context_stop(stop);
        filch_context_release(below);
        filch_context_release(stop);
        filch_context_release(root);
        OK(filch_runtime_destroy(rt));
    }
}

Test(signal_context, previous_signal_actions_are_restored)
{
    struct sigaction ours = {.sa_handler = hear};
    for (unsigned come = 0; come < 2; come++) {
        filch_u32_store(&heard, 0, FILCH_RELAXED);
        cr_assert_eq(sigaction(SIGINT, &ours, NULL), 0);
        filch_context *stop = signals_of(NULL);
        if (come) {
            raise(SIGTERM);
            cr_assert_eq(filch_context_wait(stop, FILCH_FOREVER), -EINTR);
        } else {
            filch_signal_context_stop(stop);
            filch_signal_context_stop(stop);
        }
        cr_assert_eq(filch_u32_load(&heard, FILCH_ACQUIRE), 0);
        raise(SIGINT);
        cr_assert_eq(filch_u32_load(&heard, FILCH_ACQUIRE), SIGINT);
        cr_assert_eq(filch_context_cause(stop), come ? -EINTR : 0);
        filch_context_release(stop);
    }
}

static void be_told_twice(void)
{
    filch_context *stop = signals_of(NULL);
    raise(SIGTERM);
    CHILD_CHECK(filch_context_wait(stop, FILCH_FOREVER) == -EINTR);
    raise(SIGTERM);
}

static void inherit(void)
{
    filch_context *stop = signals_of(NULL);
    pid_t pid = fork();
    if (!pid) {
        raise(SIGTERM);
        _exit(1);
    }
    int status = 0;
    CHILD_CHECK(waitpid(pid, &status, 0) == pid);
    CHILD_CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
    CHILD_CHECK(filch_context_wait(stop, filch_in(5 * FILCH_MILLISECOND)) == -ETIMEDOUT);
    pid = fork();
    if (!pid) { /* may have one of its own */
        filch_context *own = signals_of(NULL);
        raise(SIGTERM);
        _exit(filch_context_wait(own, FILCH_FOREVER) != -EINTR);
    }
    CHILD_CHECK(waitpid(pid, &status, 0) == pid);
    CHILD_CHECK(status == 0);
    CHILD_CHECK(filch_context_cause(stop) == 0);
}

Test(signal_context, second_signal_kills_only_own_process)
{
    struct child child;
    if (BUILD_TSAN)
        cr_skip_test("thread sanitizer refuses threads in such a child");
    child_run(&child, be_told_twice);
    cr_assert(WIFSIGNALED(child.status) && WTERMSIG(child.status) == SIGTERM, "0x%x: %s",
              child.status, child.text);
    child_run(&child, inherit);
    cr_assert(child_passed(&child), "0x%x: %s", child.status, child.text);
}

Test(signal_context, unwaitable_signals_are_refused_entirely)
{
    static const int bad[][2] = {{SIGTERM, SIGKILL}, {SIGTERM, SIGSEGV}, {SIGTERM, 0},
                                 {SIGTERM, 65},      {SIGTERM, -1},      {SIGSTOP, SIGTERM}};
    filch_context *stop = NULL;
    for (unsigned i = 0; i < sizeof bad / sizeof *bad; i++) {
        cr_assert_eq(filch_signal_context_start(&stop, NULL, bad[i], 2), -EINVAL, "%u", i);
        cr_assert(!stop && strchr(filch_error(), ';'), "%s", filch_error());
    }
    cr_assert_eq(filch_signal_context_start(&stop, NULL, both, 0), -EINVAL);
    cr_assert_eq(filch_signal_context_start(NULL, NULL, both, 2), -EINVAL);
    filch_context *first = signals_of(NULL);
    cr_assert_eq(filch_signal_context_start(&stop, NULL, both, 1), -EBUSY);
    filch_signal_context_stop(first);
    filch_signal_context_stop(NULL);
    OK(filch_signal_context_start(&stop, NULL, both, 1));
    filch_signal_context_stop(stop);
    filch_context_release(stop);
    filch_context_release(first);
}
