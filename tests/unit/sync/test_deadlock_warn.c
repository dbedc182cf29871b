/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The warning of a deadlock, which a program gets by default: its text, its destinations, its
 * silence in doubt, and its cost. */
#include <pthread.h>
#include <runtime/platform/warning.h>
#include <tests/support/deadlock.h>
#include <tests/support/system.h>
#include <tests/support/tasks.h>
#include <tests/support/test.h>

/* Thread sanitizer has a thread of its own, unknown to Filch, so nothing is certain. */
#define SKIP_UNCERTAIN()                                                                           \
    do {                                                                                           \
        if (BUILD_TSAN)                                                                            \
            cr_skip_test("thread sanitizer's thread is unknown to Filch");                         \
    } while (0)

FILCH_TASK(int, receiver, (filch_channel *, from))
{
    int item = 0;
    filch_channel_receive(from, &item);
    return item;
}

/* ---- Where it goes ---- */

static void hang(void)
{
    filch_runtime *rt = deadlock_runtime();
    (void)FILCH_RUN(rt, receiver, deadlock_channel());
}

static void receive_alone(void)
{
    deadlock_runtime();
    thread_receives(deadlock_channel());
}

static void (*hangs)(void);

/* Another process reads the line from stderr, and ends this one. */
static void hang_until_warned(void)
{
    int ends[2];
    CHILD_CHECK(!pipe(ends));
    if (!fork()) {
        char text[4096];
        close(ends[1]);
        ssize_t length = read(ends[0], text, sizeof text);
        dprintf(STDERR_FILENO, "%.*s", (int)length, text);
        kill(getppid(), SIGTERM);
        _exit(0);
    }
    CHILD_CHECK(dup2(ends[1], STDERR_FILENO) >= 0);
    alarm(60);
    hangs();
}

static void expect_line(const char *line)
{
    struct child child;
    child_run(&child, hang_until_warned);
    cr_assert(strstr(child.text, line), "%s not in 0x%x: %s", line, child.status, child.text);
    const char *end = strchr(child.text, '\n');
    cr_assert(end && !end[1], "one line: %s", child.text);
}

Test(deadlock_warn, hangs_are_one_line_by_default)
{
    SKIP_UNCERTAIN();
    if (BUILD_DEBUG)
        setenv("FILCH_DEADLOCK", "warn", 1);
    else
        unsetenv("FILCH_DEADLOCK");
    hangs = hang;
    expect_line("filch: deadlock: 1 task waits, and nothing is left to wake it: task receiver");
    expect_line("waits in filch_channel_receive for 0x");
    hangs = receive_alone;
    expect_line("1 thread waits, and nothing is left to wake it: thread ");
    expect_line("waits in filch_channel_receive for 0x");
}

static int log_file;

static void hang_with_sinks(void)
{
    filch_log_sink *old, *sink;
    setenv("FILCH_DEADLOCK", "warn", 1);
    alarm(60);
    CHILD_CHECK(!filch_log_sink_create(&sink, STDERR_FILENO, NULL));
    CHILD_CHECK(!filch_log_sink_create(&old, log_file, NULL));
    CHILD_CHECK(!filch_log_sink_destroy(old, filch_in(FILCH_SECOND)));
    hang();
}

static void hang_with_sinks_until_warned(void)
{
    hangs = hang_with_sinks;
    hang_until_warned();
}

Test(deadlock_warn, a_log_sink_gets_the_line)
{
    SKIP_UNCERTAIN();
    struct child child;
    log_file = STDOUT_FILENO;
    child_run(&child, hang_with_sinks_until_warned);
    cr_assert(strstr(child.text, "\"level\":\"warn\",\"message\":\"filch: deadlock: 1 task waits"),
              "0x%x: %s", child.status, child.text);
    const char *end = strchr(child.text, '\n');
    cr_assert(end && !end[1], "one line: %s", child.text);
}

/* ---- Once ---- */

static unsigned warnings;

static bool count_warning(fl_warning_outlet *outlet, const char *text)
{
    if (warnings++)
        dprintf(STDERR_FILENO, "again: %s", text);
    ualarm(2 * LONG * 1000, 0);
    return false;
}

static void hang_beside_a_sink(void)
{
    static fl_warning_outlet counter = {.take = count_warning};
    filch_log_sink *sink;
    setenv("FILCH_DEADLOCK", "warn", 1);
    CHILD_CHECK(!filch_log_sink_create(&sink, STDOUT_FILENO, NULL));
    fl_warning_outlet_add(&counter); /* first asked; then the sink, whose thread takes steps */
    hang();
}

Test(deadlock_warn, a_writing_sink_repeats_nothing)
{
    SKIP_UNCERTAIN();
    struct child child;
    child_run(&child, hang_beside_a_sink);
    cr_assert(WIFSIGNALED(child.status) && WTERMSIG(child.status) == SIGALRM, "0x%x: %s",
              child.status, child.text);
    cr_assert_str_eq(child.text, "");
}

/* ---- Silence ---- */

static bool must_not_warn(fl_warning_outlet *outlet, const char *text)
{
    not_reported(text, NULL);
    return true;
}

static void *stranger(void *arg)
{
    usleep(LONG * 1000);
    filch_channel_send(arg, &(int){1});
    return NULL;
}

static void a_stranger_will_send(void)
{
    filch_runtime *rt = deadlock_runtime();
    filch_channel *numbers = deadlock_channel();
    pthread_t thread;
    CHILD_CHECK(!pthread_create(&thread, NULL, stranger, numbers));
    CHILD_CHECK(FILCH_RUN(rt, receiver, numbers) == 1);
    pthread_join(thread, NULL);
    filch_runtime_destroy(rt);
}

static void sends_later(filch_self self, void *arg)
{
    filch_sleep(LONG * FILCH_MILLISECOND);
    filch_channel_send(arg, &(int){1});
}

static void a_timer_is_pending(void)
{
    filch_runtime *rt = deadlock_runtime();
    filch_channel *numbers = deadlock_channel();
    filch_go(rt, sends_later, numbers);
    CHILD_CHECK(FILCH_RUN(rt, receiver, numbers) == 1);
    filch_runtime_destroy(rt);
}

static void calls_and_sends(filch_self self, void *arg)
{
    filch_blocking_begin();
    usleep(LONG * 1000);
    filch_blocking_end();
    filch_channel_send(arg, &(int){1});
}

static void a_call_blocks(void)
{
    filch_runtime *rt = deadlock_runtime();
    filch_channel *numbers = deadlock_channel();
    filch_go(rt, calls_and_sends, numbers);
    CHILD_CHECK(FILCH_RUN(rt, receiver, numbers) == 1);
    filch_runtime_destroy(rt);
}

static void a_signal_may_come(void)
{
    filch_runtime *rt = deadlock_runtime();
    filch_channel *signals, *numbers = deadlock_channel();
    CHILD_CHECK(!filch_signal_channel_start(&signals, (const int[]){SIGALRM}, 1));
    filch_go(rt, receives, numbers);
    ualarm(LONG * 1000, 0);
    thread_receives(signals);
    filch_signal_channel_stop(signals);
    filch_channel_close(numbers);
    filch_runtime_destroy(rt);
}

static void (*const live[])(void) = {a_stranger_will_send, a_timer_is_pending, a_call_blocks,
                                     a_signal_may_come};
/* Thread sanitizer delivers no signal to threads that wait in the library. */
enum { LIVE = sizeof live / sizeof *live - BUILD_TSAN };
static void (*alive)(void);

static void live_without_warning(void)
{
    static fl_warning_outlet outlet = {.take = must_not_warn};
    setenv("FILCH_DEADLOCK", "warn", 1);
    fl_warning_outlet_add(&outlet);
    alarm(60);
    alive();
}

Test(deadlock_warn, nothing_is_said_in_doubt)
{
    for (unsigned i = 0; i < LIVE; i++) {
        struct child child;
        alive = live[i];
        child_run(&child, live_without_warning);
        cr_assert(child_passed(&child), "%u: 0x%x: %s", i, child.status, child.text);
    }
}

/* ---- Price ---- */

FILCH_TASK(int, same, (int, n))
{
    return n;
}

FILCH_TASK(int, twice, (int, n))
{
    FILCH_FORK(same, n);
    int right = same(self, n);
    FILCH_JOIN(int left, same);
    return left + right;
}

static void run_without_a_fault(void)
{
    filch_channel *numbers;
    setenv("FILCH_DEADLOCK", "warn", 1);
    alarm(60);
    filch_runtime *rt = deadlock_runtime();
    unsigned before = process_threads();
    CHILD_CHECK(!filch_channel_create(&numbers, sizeof(int), 1));
    for (int i = 0; i < 2000; i++) {
        CHILD_CHECK(FILCH_RUN(rt, twice, i) == 2 * i);
        filch_go(rt, receives, numbers);
        filch_channel_send(numbers, &i);
    }
    CHILD_CHECK(process_threads() <= before);
    filch_runtime_destroy(rt);
}

/* A suspicion may meet a moment in which everything seems to rest: a thread was notified and does
 * not run yet. That is rare. */
Test(deadlock_warn, quiet_suspicions_seldom_start_a_thread)
{
    struct child child;
    unsigned tries = 5;
    do
        child_run(&child, run_without_a_fault);
    while (!child_passed(&child) && --tries);
    cr_assert(tries, "0x%x: %s", child.status, child.text);
}
