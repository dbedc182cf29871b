/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The thread behind timers and files. Its deadlines hold while all workers compute; neither timers
 * nor files wait for all of the others. Its start may meet a fork(), and it goes by the virtual
 * clock. */
#include <pthread.h>
#include <sys/socket.h>
#include <tests/support/system.h>
#include <tests/support/tasks.h>
#include <tests/support/test.h>
#include <unistd.h>

enum { MS = 1000000 };

static void make_pair(int ends[2])
{
    cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
}

static void close_pair(const int ends[2])
{
    close(ends[0]);
    close(ends[1]);
}

static void runs_nothing(filch_self self, void *unused)
{
    filch_die("this may never run");
}

/* ---- Deadlines hold while all workers compute ---- */

FILCH_TASK(int, spin_until_done, (filch_context *, context))
{
    int cause;
    while (!(cause = filch_context_cause(context)))
        ;
    return cause;
}

FILCH_TASK(int, spin_everywhere, (filch_context *, context), (unsigned, tasks))
{
    if (tasks == 1)
        return spin_until_done(self, context);
    FILCH_FORK(spin_everywhere, context, tasks - tasks / 2);
    int left = spin_everywhere(self, context, tasks / 2);
    FILCH_JOIN(int right, spin_everywhere);
    return left == right ? left : 1;
}

Test(timer_thread, deadlines_hold_while_all_workers_compute)
{
    for (unsigned c = 0; c < CONFIGS; c++) {
        filch_runtime *rt = config_runtime(c, 0);
        filch_context *context;
        OK(filch_context_create_until(&context, NULL, filch_in(5 * MS)));
        cr_assert_eq(FILCH_RUN(rt, spin_everywhere, context, 2 * config_workers[c / 2]),
                     -ETIMEDOUT);
        filch_context_release(context);
        OK(filch_runtime_destroy(rt));
    }
}

/* ---- One timer thread, and fork() ---- */

Test(timer_thread, has_a_name)
{
    filch_context *context;
    OK(filch_context_create_until(&context, NULL, filch_in(3600 * FILCH_SECOND)));
    WAIT_WHILE(!process_has_thread("filch/timers"));
    filch_context_release(context);
}

Test(timer_thread, hundred_thousand_timers_need_one_thread)
{
    enum { TIMERS = 100000 };
    static filch_timer timers[TIMERS];
    filch_runtime *rt = config_runtime(2, 0);
    unsigned before = process_threads();
    for (unsigned i = 0; i < TIMERS; i++)
        OK(filch_timer_start(&timers[i], rt, filch_in((3600 + i % 977) * FILCH_SECOND),
                             runs_nothing, NULL));
    cr_assert_leq(process_threads(), before + 1);
    for (unsigned i = 0; i < TIMERS; i++)
        cr_assert(filch_timer_stop(&timers[i]));
    OK(filch_runtime_destroy(rt));
}

/* Two threads: one starts the first timer of the process, the other forks, and its child needs one
 * of its own. */
static void *sleep_a_little(void *unused)
{
    filch_sleep(MS);
    return unused;
}

static void fork_while_it_starts(void)
{
    pthread_t thread;
    CHILD_CHECK(!pthread_create(&thread, NULL, sleep_a_little, NULL));
    pid_t pid = fork();
    alarm(20);
    CHILD_CHECK(filch_sleep(MS) == 0);
    if (!pid)
        _exit(0);
    int status = 0;
    CHILD_CHECK(waitpid(pid, &status, 0) == pid);
    CHILD_CHECK(status == 0);
    pthread_join(thread, NULL);
}

Test(timer_thread, its_start_may_meet_a_fork)
{
    if (BUILD_TSAN)
        cr_skip_test("thread sanitizer refuses threads in such a child");
    for (int i = 0; i < 100; i++) {
        struct child child;
        child_run(&child, fork_while_it_starts);
        cr_assert(child_passed(&child), "0x%x: %s", child.status, child.text);
    }
}

/* ---- Neither timers nor files wait for all of the others ---- */

static signpost over, calm;

/* Always due. */
static void storm(filch_self self, void *timer)
{
    if (signpost_count(&over))
        signpost_raise(&calm);
    else if (filch_timer_start(timer, NULL, 0, storm, timer))
        filch_die("%s", filch_error());
}

/* Answers each byte on its end, until the other end hangs up. */
static void echo(filch_self self, void *fd)
{
    char byte;
    for (;;) {
        if (filch_wait_fd(*(int *)fd, POLLIN, FILCH_FOREVER) < 0)
            filch_die("%s", filch_error());
        if (read(*(int *)fd, &byte, 1) != 1)
            return;
        if (write(*(int *)fd, &byte, 1) != 1)
            filch_die("an answer was lost");
    }
}

Test(timer_thread, files_progress_while_timers_stay_due)
{
    enum { TIMERS = 300 };
    static filch_timer timers[TIMERS];
    filch_runtime *rt = config_runtime(2, 0);
    int ends[2];
    make_pair(ends);
    for (unsigned i = 0; i < TIMERS; i++)
        OK(filch_timer_start(&timers[i], rt, 0, storm, &timers[i]));
    OK(filch_go(rt, echo, &ends[0]));
    for (unsigned i = 0; i < 50; i++) {
        char byte;
        cr_assert_eq(write(ends[1], "x", 1), 1);
        cr_assert_eq(filch_wait_fd(ends[1], POLLIN, FILCH_FOREVER), POLLIN);
        cr_assert_eq(read(ends[1], &byte, 1), 1);
    }
    close(ends[1]);
    signpost_raise(&over);
    signpost_wait(&calm, TIMERS);
    OK(filch_runtime_destroy(rt));
    close(ends[0]);
}

/* Two that never stop talking. */
static void chat(filch_self self, void *fd)
{
    char byte = 'x';
    while (!signpost_count(&over)) {
        (void)!write(*(int *)fd, &byte, 1);
        if (filch_wait_fd(*(int *)fd, POLLIN, FILCH_FOREVER) < 0)
            return;
        (void)!read(*(int *)fd, &byte, 1);
    }
    (void)!write(*(int *)fd, &byte, 1);
}

Test(timer_thread, timers_fire_while_files_stay_ready)
{
    enum { CHATS = 100 };
    static int talk[CHATS][2];
    filch_runtime *rt = config_runtime(2, 0);
    for (unsigned i = 0; i < CHATS; i++) {
        make_pair(talk[i]);
        for (unsigned k = 0; k < 2; k++)
            OK(filch_go(rt, chat, &talk[i][k]));
    }
    for (unsigned i = 0; i < 10; i++) {
        filch_context *soon;
        OK(filch_after(&soon, MS / 5));
        cr_assert_eq(filch_context_wait(soon, FILCH_FOREVER), -ETIMEDOUT);
        filch_context_release(soon);
    }
    signpost_raise(&over);
    OK(filch_runtime_destroy(rt));
    for (unsigned i = 0; i < CHATS; i++)
        close_pair(talk[i]);
}

/* ---- The deterministic mode ---- */

FILCH_TASK(int, sleep_an_hour)
{
    return filch_sleep(3600 * FILCH_SECOND);
}

static filch_u32 awake; /* 1: the sleep of an hour has ended */

static void sleeps_an_hour(filch_self self, void *unused)
{
    filch_sleep(3600 * FILCH_SECOND);
    filch_u32_store(&awake, 1, FILCH_RELEASE);
}

/* When the second sleep begins, the timer thread sleeps until the hour is over. */
FILCH_TASK(bool, sleep_a_second_meanwhile)
{
    int64_t from = filch_now();
    if (filch_go(NULL, sleeps_an_hour, NULL) || filch_sleep(FILCH_SECOND))
        return false;
    for (unsigned i = 0; i < 3; i++)
        filch_yield(self);
    if (filch_sleep(FILCH_SECOND) || filch_now() >= from + 10 * FILCH_SECOND)
        return false;
    return !filch_u32_load(&awake, FILCH_ACQUIRE) && !filch_sleep(7200 * FILCH_SECOND) &&
           filch_u32_load(&awake, FILCH_ACQUIRE);
}

static const char *seed;

static void sleep_twice_on_a_virtual_clock(void)
{
    filch_runtime *rt;
    setenv("FILCH_VIRTUAL", "2", 1);
    setenv("FILCH_SEED", seed, 1);
    CHILD_CHECK(filch_runtime_create(&rt, NULL) == 0);
    CHILD_CHECK(FILCH_RUN(rt, sleep_a_second_meanwhile));
    CHILD_CHECK(filch_runtime_destroy(rt) == 0);
}

static void sleep_on_a_virtual_clock(void)
{
    filch_runtime *rt;
    setenv("FILCH_VIRTUAL", "1", 1);
    CHILD_CHECK(filch_runtime_create(&rt, NULL) == 0);
    int64_t from = filch_now();
    CHILD_CHECK(FILCH_RUN(rt, sleep_an_hour) == 0);
    CHILD_CHECK(filch_now() >= from + 3600 * FILCH_SECOND);
    CHILD_CHECK(filch_runtime_destroy(rt) == 0);
}

/* The clock goes on to the next timer, since nothing else can run. */
Test(timer_thread, virtual_clock_skips_long_sleep)
{
    struct child child;
    child_run(&child, sleep_on_a_virtual_clock);
    cr_assert(child_passed(&child), "0x%x: %s", child.status, child.text);
}

Test(timer_thread, virtual_clock_ends_shorter_sleep_first)
{
    static const char *const seeds[] = {"1", "2", "3", "4", "5", "6", "7", "8"};
    for (unsigned i = 0; i < sizeof seeds / sizeof *seeds; i++) {
        struct child child;
        seed = seeds[i];
        child_run(&child, sleep_twice_on_a_virtual_clock);
        cr_assert(child_passed(&child), "seed %s: 0x%x: %s", seed, child.status, child.text);
    }
}
