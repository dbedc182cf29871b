/* SPDX-License-Identifier: MIT OR Apache-2.0
 * test: needs refusals; wraps epoll_create1 eventfd epoll_ctl epoll_pwait2
 *
 * The timer thread of timers and files, to which the system refuses its thread, its files, memory,
 * watches, or the call in which it sleeps. Each call reports that, nothing is held or lost, and the
 * thread works as soon as the system does. */
#include <runtime/engine/worker.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <tests/support/refuse.h>
#include <tests/support/system.h>
#include <tests/support/tasks.h>
#include <tests/support/test.h>
#include <unistd.h>

enum { MS = 1000000 };
static const int64_t hour = 3600 * FILCH_SECOND; /* not past when it is looked at */

/* The file that gets number 0. */
enum zero { NEITHER, EPOLL, WAKE_EVENT };
static enum zero zero;

WRAPPED(int, epoll_create1, int flags)
{
    if (refused(FILES, EMFILE))
        return -1;
    if (zero == EPOLL)
        close(0);
    else if (zero == WAKE_EVENT) /* until that is opened */
        dup2(STDERR_FILENO, 0);
    return __real_epoll_create1(flags);
}

WRAPPED(int, eventfd, unsigned start, int flags)
{
    if (refused(FILES, EMFILE))
        return -1;
    if (zero == WAKE_EVENT)
        close(0);
    return __real_eventfd(start, flags);
}

static int both[2]; /* a socket for which two wait */
static signpost asked;

WRAPPED(int, epoll_ctl, int epoll, int operation, int fd, struct epoll_event *event)
{
    int rc = refused(WATCHES, ENOSPC) ? -1 : __real_epoll_ctl(epoll, operation, fd, event);
    if (!rc && fd == both[0])
        signpost_raise(&asked);
    return rc;
}

/* How the timer thread's sleep fails: not at all, always by this error, or now and then. */
static int sleep_error;
static bool sometimes, leaves_an_errno;
static filch_u64 sleeps, failures;

WRAPPED(int, epoll_pwait2, int epoll, struct epoll_event *events, int count,
        const struct timespec *limit, const sigset_t *mask)
{
    uint64_t random = stress_mix(filch_u64_add(&sleeps, 1, FILCH_RELAXED));
    if (sleep_error && (!sometimes || random % 2)) {
        filch_u64_add(&failures, 1, FILCH_RELAXED);
        errno = sleep_error;
        return -1;
    }
    int found = __real_epoll_pwait2(epoll, events, count, limit, mask);
    if (leaves_an_errno && found == 0)
        errno = EPERM; /* as an earlier call may have left it */
    return found;
}

/* ---- The first timer of a process ---- */

static const struct row {
    enum refusable what;
    int64_t at;
    int error;
    enum zero zero;
} rows[] = {
    {THREADS, 0, EAGAIN, NEITHER},    {FILES, 0, EMFILE, NEITHER},
    {FILES, 1, EMFILE, NEITHER},      {WATCHES, 0, ENOSPC, NEITHER},
    {MEMORY, 0, ENOMEM, NEITHER},     {THREADS, 0, EAGAIN, EPOLL},
    {FILES, 1, EMFILE, EPOLL},        {WATCHES, 0, ENOSPC, WAKE_EVENT},
    {THREADS, 0, EAGAIN, WAKE_EVENT},
};
static const struct row *row;

static void nothing(filch_self self, void *unused)
{
}

FILCH_TASK(int, sleep_for, (int64_t, ns))
{
    return filch_sleep(ns);
}

FILCH_TASK(int, receive_soon, (filch_channel *, channel), (int *, item), (int64_t, until))
{
    return filch_channel_receive_until(channel, item, until);
}

/* Every call that needs a timer is refused, and nothing has happened. */
static void all_refused(filch_runtime *rt, filch_channel *channel)
{
    filch_context *context = NULL;
    filch_ticker *ticker = NULL;
    filch_timer timer = {{0}};
    int item = 0;
    CHILD_CHECK(filch_after(&context, hour) == -row->error && !context);
    CHILD_CHECK(strchr(filch_error(), ';'));
    CHILD_CHECK(filch_ticker_create(&ticker, hour) == -row->error && !ticker);
    CHILD_CHECK(filch_timer_start(&timer, rt, 0, nothing, NULL) == -row->error);
    CHILD_CHECK(!filch_timer_stop(&timer));
    CHILD_CHECK(FILCH_RUN(rt, sleep_for, hour) == -row->error);
    CHILD_CHECK(FILCH_RUN(rt, receive_soon, channel, &item, filch_in(hour)) == -row->error);
}

/* A time that is past needs no timer. */
static void past_times_work(filch_runtime *rt, filch_channel *channel)
{
    filch_context *context = NULL;
    int item = 0;
    CHILD_CHECK(FILCH_RUN(rt, receive_soon, channel, &item, 1) == -ETIMEDOUT);
    CHILD_CHECK(filch_context_create_until(&context, NULL, 1) == 0);
    CHILD_CHECK(filch_context_cause(context) == -ETIMEDOUT);
    filch_context_release(context);
}

static void all_works(filch_runtime *rt, filch_channel *channel)
{
    filch_context *context;
    filch_ticker *ticker;
    filch_tick tick;
    int item = 7, got = 0;
    CHILD_CHECK(filch_channel_send(channel, &item) == 0);
    CHILD_CHECK(FILCH_RUN(rt, receive_soon, channel, &got, FILCH_FOREVER) == 0 && got == 7);
    CHILD_CHECK(FILCH_RUN(rt, receive_soon, channel, &got, filch_in(MS)) == -ETIMEDOUT);
    CHILD_CHECK(FILCH_RUN(rt, sleep_for, MS) == 0);
    CHILD_CHECK(filch_after(&context, MS) == 0);
    CHILD_CHECK(filch_context_wait(context, FILCH_FOREVER) == -ETIMEDOUT);
    filch_context_release(context);
    CHILD_CHECK(filch_ticker_create(&ticker, MS) == 0);
    CHILD_CHECK(filch_channel_receive(filch_ticker_channel(ticker), &tick) == 0);
    filch_ticker_destroy(ticker);
}

static void begin_without(void)
{
    filch_runtime *rt = NULL;
    filch_channel *channel;
    CHILD_CHECK(filch_runtime_create(&rt, &(filch_config){.workers = 2}) == 0);
    CHILD_CHECK(filch_channel_create(&channel, sizeof(int), 1) == 0);
    /* A worker that gets its first fiber looks at the process's mappings, which is a file for a
     * moment. */
    WAIT_WHILE(fl_idle_resting(fl_idle_look(&rt->idle)) != rt->worker_set.most);
    zero = row->zero;
    if (zero != NEITHER)
        close(0);
    unsigned files = process_files();
    refuse(row->what, row->at, true);
    if (row->what == MEMORY) { /* only what is refused to timers counts */
        filch_context *context = NULL;
        CHILD_CHECK(filch_after(&context, hour) == -ENOMEM && !context);
    } else {
        all_refused(rt, channel); /* a job that was made for a task is kept for the next */
        int64_t held = blocks;
        all_refused(rt, channel);
        CHILD_CHECK(blocks == held);
        past_times_work(rt, channel);
        /* A file that was had stays only if all were. */
        CHILD_CHECK(process_files() == files + (row->what == THREADS ? 2 : 0));
    }
    CHILD_CHECK(refuse_no_more(row->what) > 0);
    all_works(rt, channel);
    CHILD_CHECK(process_files() == files + 2);
    CHILD_CHECK(filch_runtime_destroy(rt) == 0);
    filch_channel_destroy(channel);
}

Test(refused_timer_thread, a_later_first_timer_works)
{
    for (row = rows; row < rows + sizeof rows / sizeof rows[0]; row++) {
        struct child child;
        child_run(&child, begin_without);
        cr_assert(child_passed(&child), "row %td, 0x%x: %s", row - rows, child.status, child.text);
    }
}

Test(refused_timer_thread, a_refused_first_file_is_reported)
{
    filch_context *context = NULL;
    refuse(FILES, 0, false);
    cr_assert_eq(filch_after(&context, hour), -EMFILE);
    cr_assert_null(context);
    cr_assert_eq(refuse_no_more(FILES), 1);
}

/* ---- Later ones ---- */

enum { TIMERS = 5000 }; /* memory for their jobs is had for a thousand at a time */
static signpost fired;

static void fire(filch_self self, void *unused)
{
    signpost_raise(&fired);
}

Test(refused_timer_thread, accepted_timers_fire)
{
    static filch_timer timers[TIMERS];
    unsigned started = 0;
    filch_runtime *rt = NULL;
    OK(filch_runtime_create(&rt, &(filch_config){.workers = 2}));
    OK(filch_sleep(0));
    refuse(MEMORY, 5, true);
    for (unsigned i = 0; i < TIMERS; i++) {
        int rc = filch_timer_start(&timers[i], rt, filch_in(MS), fire, NULL);
        cr_assert(rc == 0 || rc == -ENOMEM, "%d: %s", rc, filch_error());
        started += !rc;
    }
    cr_assert_gt(refuse_no_more(MEMORY), 0);
    cr_assert_gt(started, 0);
    cr_assert_lt(started, TIMERS);
    signpost_wait(&fired, started);
    for (unsigned i = 0; i < TIMERS; i++)
        OK(filch_timer_start(&timers[i], rt, filch_in(MS), fire, NULL));
    signpost_wait(&fired, started + TIMERS);
    OK(filch_runtime_destroy(rt));
    cr_assert_eq(signpost_count(&fired), started + TIMERS);
}

/* ---- Files ---- */

static void make_pair(int ends[2])
{
    cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
}

FILCH_TASK(int, wait_for, (int, fd), (int, events))
{
    return filch_wait_fd(fd, events, FILCH_FOREVER);
}

Test(refused_timer_thread, waits_for_files_are_refused)
{
    filch_runtime *rt = NULL;
    int ends[2];
    make_pair(ends);
    OK(filch_runtime_create(&rt, &(filch_config){.workers = 2}));
    cr_assert_eq(FILCH_RUN(rt, sleep_for, MS), 0);
    refuse(MEMORY, 0, true);
    cr_assert_eq(FILCH_RUN(rt, wait_for, ends[0], POLLIN), -ENOMEM);
    refuse_no_more(MEMORY);
    refuse(WATCHES, 0, true);
    cr_assert_eq(filch_wait_fd(ends[0], POLLIN, FILCH_FOREVER), -ENOSPC);
    cr_assert_not_null(strchr(filch_error(), ';'));
    refuse_no_more(WATCHES);
    cr_assert_eq(filch_wait_fd(ends[0], POLLIN, filch_in(MS)), -ETIMEDOUT);
    OK(filch_runtime_destroy(rt));
    close(ends[0]);
    close(ends[1]);
}

static signpost told;
static int codes[2];

static void wait_for_what_never_comes(filch_self self, void *unused)
{
    codes[0] = filch_wait_fd(both[0], POLLPRI, FILCH_FOREVER);
    signpost_raise(&told);
}

static void wait_for_a_byte(filch_self self, void *unused)
{
    codes[1] = filch_wait_fd(both[0], POLLIN, FILCH_FOREVER);
    signpost_raise(&told);
}

/* One registration serves two waiters for different events: the second's event has to be requested
 * again when the first is told. */
Test(refused_timer_thread, a_lost_watch_ends_its_wait)
{
    filch_runtime *rt = NULL;
    make_pair(both);
    OK(filch_runtime_create(&rt, &(filch_config){.workers = 2}));
    OK(filch_go(rt, wait_for_what_never_comes, NULL));
    OK(filch_go(rt, wait_for_a_byte, NULL));
    signpost_wait(&asked, 2);
    refuse(WATCHES, 0, true);
    cr_assert_eq(write(both[1], "x", 1), 1);
    signpost_wait(&told, 2);
    refuse_no_more(WATCHES);
    cr_assert_eq(codes[0], -ENOSPC);
    cr_assert_eq(codes[1], POLLIN);
    OK(filch_runtime_destroy(rt));
    close(both[0]);
    close(both[1]);
}

/* ---- Its sleep ---- */

static void echo(filch_self self, void *fd)
{
    char byte;
    while (filch_wait_fd(*(int *)fd, POLLIN, FILCH_FOREVER) > 0 && read(*(int *)fd, &byte, 1) == 1)
        if (filch_sleep(MS / 10) || write(*(int *)fd, &byte, 1) != 1)
            filch_die("an answer was lost");
}

static void times_and_files(void)
{
    filch_runtime *rt = NULL;
    int ends[2];
    char byte;
    CHILD_CHECK(filch_runtime_create(&rt, &(filch_config){.workers = 2}) == 0);
    CHILD_CHECK(!socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends));
    CHILD_CHECK(filch_go(rt, echo, &ends[0]) == 0);
    for (unsigned i = 0; i < 50; i++) {
        CHILD_CHECK(write(ends[1], "x", 1) == 1);
        CHILD_CHECK(filch_wait_fd(ends[1], POLLIN, FILCH_FOREVER) == POLLIN);
        CHILD_CHECK(read(ends[1], &byte, 1) == 1);
        int64_t from = filch_now();
        CHILD_CHECK(FILCH_RUN(rt, sleep_for, MS) == 0);
        CHILD_CHECK(filch_now() >= from + MS);
    }
    close(ends[1]);
    CHILD_CHECK(filch_runtime_destroy(rt) == 0);
    CHILD_CHECK(filch_u64_load(&failures, FILCH_RELAXED) > 0);
}

Test(refused_timer_thread, times_and_files_come_without_sleep)
{
    static const struct {
        int error;
        bool sometimes;
    } sleeps_that_fail[] = {{ENOSYS, false}, {EPERM, false}, {EINTR, true}};
    for (unsigned i = 0; i < 3; i++) {
        struct child child;
        sleep_error = sleeps_that_fail[i].error;
        sometimes = sleeps_that_fail[i].sometimes;
        child_run(&child, times_and_files);
        cr_assert(child_passed(&child), "%s, 0x%x: %s", strerror(sleep_error), child.status,
                  child.text);
    }
}

Test(refused_timer_thread, it_ignores_an_earlier_errno)
{
    filch_runtime *rt = NULL;
    leaves_an_errno = true;
    OK(filch_runtime_create(&rt, &(filch_config){.workers = 2}));
    for (int i = 0; i < 5; i++) {
        uint64_t before = filch_u64_load(&sleeps, FILCH_RELAXED);
        cr_assert_eq(FILCH_RUN(rt, sleep_for, 100 * MS), 0); /* not over before it can sleep */
        cr_assert_gt(filch_u64_load(&sleeps, FILCH_RELAXED), before);
    }
    OK(filch_runtime_destroy(rt));
}
