/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Signals that are sent into a channel: each one, until the end. */
#include <pthread.h>
#include <signal.h>
#include <tests/support/system.h>
#include <tests/support/tasks.h>
#include <tests/support/test.h>

static const int some[] = {SIGTERM, SIGINT, SIGHUP};

static filch_channel *channel_of_signals(void)
{
    filch_channel *channel = NULL;
    CHILD_CHECK(filch_signal_channel_start(&channel, some, 3) == 0);
    return channel;
}

static int next(filch_channel *channel)
{
    int number = 0, rc = filch_channel_receive(channel, &number);
    return rc ? rc : number;
}

enum { SENT = 4 };

/* Of different numbers the lower one may come first. Returns 1 for each reload, 10 for each order to
 * end. */
FILCH_TASK(int, serve, (filch_channel *, signals), (signpost *, ready))
{
    int sum = 0;
    signpost_raise(ready);
    for (unsigned i = 0; i < SENT; i++)
        sum += next(signals) == SIGHUP ? 1 : 10;
    return sum;
}

static void *send(void *ready)
{
    signpost_wait(ready, 1);
    raise(SIGHUP);
    raise(SIGTERM);
    raise(SIGHUP);
    raise(SIGTERM);
    return NULL;
}

Test(signal_channel, repeated_signals_arrive_one_by_one)
{
    for (unsigned c = 0; c < CONFIGS; c++) {
        pthread_t sender;
        signpost ready = {0};
        filch_channel *signals = channel_of_signals();
        filch_runtime *rt = config_runtime(c, 100);
        cr_assert_eq(pthread_create(&sender, NULL, send, &ready), 0);
        cr_assert_eq(FILCH_RUN(rt, serve, signals, &ready), 22, "%s", config_name(c));
        pthread_join(sender, NULL);
        filch_signal_channel_stop(signals);
        filch_channel_destroy(signals);
        OK(filch_runtime_destroy(rt));
    }
}

Test(signal_channel, simultaneous_signals_are_all_counted)
{
    enum { TIMES = 20 };
    filch_channel *signals = channel_of_signals();
    for (unsigned i = 0; i < TIMES; i++)
        raise(SIGINT);
    for (unsigned i = 0; i < TIMES; i++)
        cr_assert_eq(next(signals), SIGINT);
    cr_assert_eq(filch_channel_length(signals), 0);
    filch_signal_channel_stop(signals);
    filch_channel_destroy(signals);
}

static filch_u32 heard;

static void hear(int number)
{
    filch_u32_store(&heard, (uint32_t)number, FILCH_RELEASE);
}

Test(signal_channel, stop_closes_channel_and_restores_handlers)
{
    struct sigaction ours = {.sa_handler = hear};
    cr_assert_eq(sigaction(SIGTERM, &ours, NULL), 0);
    filch_channel *signals = channel_of_signals();
    raise(SIGTERM);
    while (!filch_channel_length(signals))
        sched_yield();
    filch_signal_channel_stop(signals);
    cr_assert_eq(next(signals), SIGTERM);
    cr_assert_eq(next(signals), -EPIPE);
    cr_assert_eq(filch_u32_load(&heard, FILCH_ACQUIRE), 0);
    raise(SIGTERM);
    cr_assert_eq(filch_u32_load(&heard, FILCH_ACQUIRE), SIGTERM);
    filch_signal_channel_stop(NULL);
    filch_channel_destroy(signals);
}

Test(signal_channel, signal_has_only_one_effect)
{
    filch_channel *signals = channel_of_signals(), *other = NULL;
    filch_context *stop = NULL;
    cr_assert_eq(filch_signal_channel_start(&other, some + 1, 1), -EBUSY);
    cr_assert(strstr(filch_error(), "filch_signal_channel_stop"), "%s", filch_error());
    cr_assert_eq(filch_signal_context_start(&stop, NULL, some, 1), -EBUSY);
    filch_signal_channel_stop(signals);
    OK(filch_signal_context_start(&stop, NULL, some, 1));
    cr_assert_eq(filch_signal_channel_start(&other, some, 1), -EBUSY);
    cr_assert(strstr(filch_error(), "filch_signal_context_stop"), "%s", filch_error());
    filch_signal_context_stop(stop);
    filch_context_release(stop);
    filch_channel_destroy(signals);
    cr_assert_eq(filch_signal_channel_start(&other, (const int[]){SIGTERM, SIGKILL}, 2), -EINVAL);
    cr_assert_eq(filch_signal_channel_start(&other, some, 0), -EINVAL);
    cr_assert_eq(filch_signal_channel_start(&other, NULL, 1), -EINVAL);
    cr_assert_eq(filch_signal_channel_start(NULL, some, 1), -EINVAL);
    cr_assert_null(other);
}

/* A child of fork() is ended by a signal that its parent receives. */
static void inherit(void)
{
    filch_channel *signals = channel_of_signals();
    int status = 0;
    pid_t pid = fork();
    if (!pid) {
        raise(SIGTERM);
        _exit(1);
    }
    CHILD_CHECK(waitpid(pid, &status, 0) == pid);
    CHILD_CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
    CHILD_CHECK(filch_channel_length(signals) == 0);
}

Test(signal_channel, forked_children_get_default_effect)
{
    struct child child;
    if (BUILD_TSAN)
        cr_skip_test("thread sanitizer puts handlers off, and with them the default effect");
    child_run(&child, inherit);
    cr_assert(child_passed(&child), "0x%x: %s", child.status, child.text);
}
