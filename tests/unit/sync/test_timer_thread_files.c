/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The timer thread's files: there are none before its start, a forked child opens its own, and a
 * process that has closed them dies with a sentence. */
#include <runtime/sync/timer_thread.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <tests/support/system.h>
#include <tests/support/tasks.h>
#include <tests/support/test.h>
#include <unistd.h>

enum { MS = 1000000 };

Test(timer_thread_files, nothing_is_watched_before_its_start)
{
    cr_assert_eq(fl_timer_thread_watch(EPOLL_CTL_DEL, 0, 0, 0), -ENOENT);
}

/* ---- fork() ---- */

static void raise_post(filch_self self, void *post)
{
    signpost_raise(post);
}

FILCH_TASK(int, task_that_waits, (int, fd), (int64_t, until))
{
    return filch_wait_fd(fd, POLLIN, until);
}

/* A task of the parent that waits for a file. */
static struct watcher {
    int ends[2];
    int rc;
    signpost done;
} watcher;

static void watch(filch_self self, void *unused)
{
    watcher.rc = filch_wait_fd(watcher.ends[0], POLLRDHUP, FILCH_FOREVER);
    signpost_raise(&watcher.done);
}

static filch_timer inherited;
static filch_context *inherited_context;
static filch_ticker *inherited_ticker;
static filch_runtime *parents;

static void live_with_a_timer_thread_of_its_own(void)
{
    filch_runtime *rt = NULL;
    filch_timer timer = {{0}};
    signpost fired = {0};
    CHILD_CHECK(!filch_timer_stop(&inherited));
    CHILD_CHECK(filch_timer_start(&timer, parents, 0, raise_post, &fired) == -ECHILD);
    filch_context_release(inherited_context);
    filch_ticker_destroy(inherited_ticker);
    CHILD_CHECK(filch_runtime_create(&rt, &(filch_config){.workers = 2}) == 0);
    CHILD_CHECK(filch_timer_start(&timer, rt, filch_in(MS), raise_post, &fired) == 0);
    signpost_wait(&fired, 1);
    CHILD_CHECK(FILCH_RUN(rt, task_that_waits, watcher.ends[0], filch_in(MS)) == -ETIMEDOUT);
    CHILD_CHECK(write(watcher.ends[1], "x", 1) == 1);
    CHILD_CHECK(FILCH_RUN(rt, task_that_waits, watcher.ends[0], FILCH_FOREVER) == POLLIN);
    CHILD_CHECK(filch_fd_close(watcher.ends[0]) == 0);
    CHILD_CHECK(filch_runtime_destroy(rt) == 0);
}

Test(timer_thread_files, forked_child_gets_own_timer_thread)
{
    if (BUILD_TSAN)
        cr_skip_test("thread sanitizer refuses threads in such a child");
    static signpost fired;
    parents = config_runtime(2, 0);
    OK(filch_timer_start(&inherited, parents, filch_in(100 * MS), raise_post, &fired));
    OK(filch_context_create_until(&inherited_context, NULL, filch_in(50 * MS)));
    OK(filch_ticker_create(&inherited_ticker, MS));
    cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, watcher.ends), 0);
    OK(filch_go(parents, watch, NULL));
    filch_sleep(MS); /* perhaps it waits already; it may come later */
    struct child child;
    child_run(&child, live_with_a_timer_thread_of_its_own);
    cr_assert(child_passed(&child), "0x%x: %s", child.status, child.text);
    signpost_wait(&fired, 1);
    cr_assert_eq(filch_context_wait(inherited_context, FILCH_FOREVER), -ETIMEDOUT);
    filch_tick tick;
    OK(filch_channel_receive(filch_ticker_channel(inherited_ticker), &tick));
    cr_assert_eq(signpost_count(&watcher.done), 0,
                 "the child's use of it does not affect the parent");
    close(watcher.ends[1]);
    signpost_wait(&watcher.done, 1);
    cr_assert_eq(watcher.rc, POLLRDHUP | POLLHUP);
    close(watcher.ends[0]);
    filch_context_release(inherited_context);
    filch_ticker_destroy(inherited_ticker);
    OK(filch_runtime_destroy(parents));
}

/* The events that an epoll of this process has been asked for, of that file; 0: none. */
static unsigned asked_for(int fd)
{
    unsigned found = 0;
    for (int epoll = 0; epoll < 64; epoll++) {
        char path[64], line[256];
        int of;
        unsigned events;
        snprintf(path, sizeof path, "/proc/self/fdinfo/%d", epoll);
        FILE *info = fopen(path, "r");
        while (info && fgets(line, sizeof line, info))
            if (sscanf(line, "tfd: %d events: %x", &of, &events) == 2 && of == fd)
                found |= events;
        if (info)
            fclose(info);
    }
    return found;
}

static void ask_for_another_event(void)
{
    CHILD_CHECK(filch_wait_fd(watcher.ends[0], POLLPRI, filch_in(MS)) == -ETIMEDOUT);
    CHILD_CHECK(asked_for(watcher.ends[0]) & EPOLLPRI);
    CHILD_CHECK(!(asked_for(watcher.ends[0]) & EPOLLIN));
}

Test(timer_thread_files, forked_child_inherits_no_watched_events)
{
    if (BUILD_TSAN)
        cr_skip_test("thread sanitizer refuses threads in such a child");
    struct child child;
    cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, watcher.ends), 0);
    cr_assert_eq(filch_wait_fd(watcher.ends[0], POLLIN, filch_in(MS)), -ETIMEDOUT);
    cr_assert(asked_for(watcher.ends[0]) & EPOLLIN);
    child_run(&child, ask_for_another_event);
    cr_assert(child_passed(&child), "0x%x: %s", child.status, child.text);
}

/* ---- Closed files ---- */

static bool starts_anew;

/* The timer thread sees it when it goes to sleep again, or who starts a timer when it has to be
 * woken. It knows of the timer before: a wake-up that it has not heard yet goes with the wake-up
 * event. */
static void close_all_files(void)
{
    filch_context *context, *sooner;
    if (filch_after(&context, starts_anew ? FILCH_SECOND * 3600 : 300 * MS) ||
        filch_after(&sooner, MS))
        _exit(1);
    filch_context_wait(sooner, FILCH_FOREVER);
    for (int fd = 3; fd < 64; fd++)
        close(fd);
    if (starts_anew)
        filch_after(&sooner, FILCH_SECOND * 1800);
    filch_context_wait(context, FILCH_FOREVER);
    if (!starts_anew)
        pause();
}

Test(timer_thread_files, closing_its_files_dies_with_message)
{
    if (BUILD_TSAN)
        cr_skip_test("thread sanitizer refuses threads in such a child");
    for (int i = 0; i < 2; i++) {
        struct child child;
        starts_anew = i;
        child_run(&child, close_all_files);
        cr_assert(child_died(&child, "were closed"), "0x%x: %s", child.status, child.text);
    }
}
