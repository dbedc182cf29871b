/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Waiting for files, by tasks and by threads. */
#include <fcntl.h>
#include <pthread.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <tests/support/system.h>
#include <tests/support/tasks.h>
#include <tests/support/test.h>
#include <unistd.h>

enum { MS = 1000000 };

static void make_pair(int ends[2])
{
    cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0, "%s",
                 strerror(errno));
}

static void close_pair(const int ends[2])
{
    close(ends[0]);
    close(ends[1]);
}

/* A pair whose first end has the number FAR. The system gives the lowest free number unless it is
 * asked for another, so no other thread of the process opens a file under this one, also while it
 * is closed. Some users' limit is 256. */
enum { FAR = 200 };
static void make_far_pair(int ends[2])
{
    make_pair(ends);
    int far = fcntl(ends[0], F_DUPFD_CLOEXEC, FAR);
    cr_assert_eq(far, FAR, "%s", strerror(errno));
    close(ends[0]);
    ends[0] = far;
}

/* Somebody who waits for a file: a task if `rt` is given, else a thread. */
struct party {
    int fd, events;
    int64_t until;
    int rc;
    pthread_t thread;
    signpost done;
};

static void *wait_as_thread(void *arg)
{
    struct party *party = arg;
    party->rc = filch_wait_fd(party->fd, party->events, party->until);
    signpost_raise(&party->done);
    return NULL;
}

static void wait_as_task(filch_self self, void *arg)
{
    wait_as_thread(arg);
}

static void begin(struct party *party, filch_runtime *rt, int fd, int events)
{
    *party = (struct party){.fd = fd, .events = events, .until = FILCH_FOREVER};
    if (rt)
        OK(filch_go(rt, wait_as_task, party));
    else
        cr_assert_eq(pthread_create(&party->thread, NULL, wait_as_thread, party), 0);
}

static int end(struct party *party, const filch_runtime *rt)
{
    signpost_wait(&party->done, 1);
    if (!rt)
        pthread_join(party->thread, NULL);
    return party->rc;
}

/* ---- What it returns ---- */

Test(wait_fd, ready_events_return_at_once)
{
    int ends[2];
    make_pair(ends);
    cr_assert_eq(filch_wait_fd(ends[0], POLLOUT, FILCH_FOREVER), POLLOUT);
    cr_assert_eq(filch_wait_fd(ends[0], POLLIN | POLLOUT, 0), POLLOUT);
    cr_assert_eq(filch_wait_fd(ends[0], POLLIN, 0), -ETIMEDOUT);
    cr_assert_eq(write(ends[1], "x", 1), 1);
    cr_assert_eq(filch_wait_fd(ends[0], POLLIN | POLLOUT, 0), POLLIN | POLLOUT);
    close(ends[1]);
    cr_assert_eq(filch_wait_fd(ends[0], POLLOUT, 0), POLLOUT | POLLHUP, "unasked, too");
    cr_assert_eq(filch_wait_fd(ends[0], POLLRDHUP, 0), POLLRDHUP | POLLHUP);
    close(ends[0]);
}

Test(wait_fd, regular_file_is_always_ready)
{
    int fd = open("/proc/self/exe", O_RDONLY);
    cr_assert_eq(filch_wait_fd(fd, POLLIN, FILCH_FOREVER), POLLIN);
    cr_assert_eq(filch_wait_fd(fd, POLLPRI, FILCH_FOREVER), -EPERM, "but for what never comes");
    close(fd);
}

Test(wait_fd, bad_arguments_are_refused_with_message)
{
    int ends[2];
    make_far_pair(ends);
    cr_assert_eq(filch_wait_fd(-1, POLLIN, FILCH_FOREVER), -EBADF);
    cr_assert_eq(filch_wait_fd(1000000, POLLIN, FILCH_FOREVER), -EBADF);
    cr_assert_not_null(strstr(filch_error(), "1000000"));
    cr_assert_eq(filch_wait_fd(ends[0], 0, 0), -EINVAL);
    cr_assert_eq(filch_wait_fd(ends[0], POLLNVAL, 0), -EINVAL);
    cr_assert_eq(filch_wait_fd(ends[0], POLLIN, -1), -EINVAL);
    cr_assert_eq(filch_fd_close(-1), -EBADF);
    cr_assert_eq(filch_fd_close(INT32_MAX), -EBADF);
    OK(filch_fd_close(ends[0]));
    cr_assert_eq(filch_fd_close(ends[0]), -EBADF);
    close(ends[1]);
}

FILCH_TASK(int, task_that_waits, (int, fd), (int64_t, until))
{
    return filch_wait_fd(fd, POLLIN, until);
}

Test(wait_fd, wait_works_again_after_deadline)
{
    int ends[2];
    for (unsigned c = 0; c < CONFIGS; c++) {
        filch_runtime *rt = config_runtime(c, 10000);
        make_pair(ends);
        int64_t until = filch_in(MS);
        cr_assert_eq(FILCH_RUN(rt, task_that_waits, ends[0], until), -ETIMEDOUT);
        cr_assert_geq(filch_now(), until);
        cr_assert_eq(filch_wait_fd(ends[0], POLLIN, filch_in(MS)), -ETIMEDOUT);
        cr_assert_eq(write(ends[1], "x", 1), 1);
        cr_assert_eq(FILCH_RUN(rt, task_that_waits, ends[0], FILCH_FOREVER), POLLIN);
        close_pair(ends);
        OK(filch_runtime_destroy(rt));
    }
}

/* ---- Conversations ---- */

static int read_byte(int fd, char *byte)
{
    return filch_read(fd, byte, 1, FILCH_FOREVER) != 1;
}

/* Passes on what it reads, plus one, so many times. */
static int bounce(int fd, unsigned times)
{
    char byte;
    for (unsigned i = 0; i < times; i++) {
        if (read_byte(fd, &byte))
            return 1;
        byte++;
        if (write(fd, &byte, 1) != 1)
            return 2;
    }
    return 0;
}

FILCH_TASK(int, bouncer, (int, fd), (unsigned, times))
{
    return bounce(fd, times);
}

FILCH_TASK(int, two_bouncers, (const int *, ends), (unsigned, times))
{
    FILCH_FORK(bouncer, ends[0], times);
    int one = bouncer(self, ends[1], times);
    FILCH_JOIN(int other, bouncer);
    return one + other;
}

Test(wait_fd, two_tasks_converse_on_one_worker)
{
    enum { TIMES = 200 };
    for (unsigned c = 0; c < CONFIGS; c++) {
        filch_runtime *rt = config_runtime(c, 10000);
        int ends[2];
        make_pair(ends);
        cr_assert_eq(write(ends[0], "", 1), 1);
        cr_assert_eq(FILCH_RUN(rt, two_bouncers, ends, TIMES), 0);
        char last;
        cr_assert_eq(read_byte(ends[1], &last), 0);
        cr_assert_eq((unsigned char)last, 2 * TIMES % 256);
        close_pair(ends);
        OK(filch_runtime_destroy(rt));
    }
}

Test(wait_fd, a_thread_talks_to_a_task)
{
    enum { TIMES = 100 };
    for (unsigned c = 0; c < CONFIGS; c++) {
        filch_runtime *rt = config_runtime(c, 10000);
        int ends[2];
        make_pair(ends);
        struct party party;
        begin(&party, rt, ends[0], POLLIN);
        cr_assert_eq(write(ends[1], "", 1), 1);
        cr_assert_eq(end(&party, rt), POLLIN);
        cr_assert_eq(bounce(ends[0], 1), 0);
        cr_assert_eq(filch_wait_fd(ends[1], POLLIN, FILCH_FOREVER), POLLIN);
        close_pair(ends);
        OK(filch_runtime_destroy(rt));
    }
}

/* ---- Several for one file ---- */

/* A full socket nothing has been written to is ready for neither. */
static void fill(int fd)
{
    char block[4096] = {0};
    while (write(fd, block, sizeof block) > 0)
        ;
    cr_assert_eq(errno, EAGAIN);
}

static void drain(int fd)
{
    char block[4096];
    while (read(fd, block, sizeof block) > 0)
        ;
}

/* Readers, writers, tasks and threads on one end. */
enum { PARTIES = 12 };

static void all_wait_for_one(filch_runtime *rt)
{
    struct party readers[PARTIES], writers[PARTIES];
    int ends[2];
    make_pair(ends);
    fill(ends[0]);
    for (unsigned i = 0; i < PARTIES; i++) {
        begin(&readers[i], i % 2 ? rt : NULL, ends[0], POLLIN);
        begin(&writers[i], i % 2 ? NULL : rt, ends[0], POLLOUT);
    }
    drain(ends[1]);
    for (unsigned i = 0; i < PARTIES; i++)
        cr_assert_eq(end(&writers[i], i % 2 ? NULL : rt), POLLOUT);
    for (unsigned i = 0; i < PARTIES; i++)
        cr_assert_eq(signpost_count(&readers[i].done), 0);
    cr_assert_eq(write(ends[1], "x", 1), 1);
    for (unsigned i = 0; i < PARTIES; i++)
        cr_assert_eq(end(&readers[i], i % 2 ? rt : NULL), POLLIN);
    close_pair(ends);
}

Test(wait_fd, each_waiter_gets_its_own_events)
{
    for (unsigned c = 0; c < CONFIGS; c++) {
        filch_runtime *rt = config_runtime(c, 10000);
        for (unsigned i = 0; i < 5; i++)
            all_wait_for_one(rt);
        OK(filch_runtime_destroy(rt));
    }
}

Test(wait_fd, hang_up_reaches_every_waiter)
{
    filch_runtime *rt = config_runtime(2, 10000);
    struct party parties[PARTIES];
    int ends[2];
    make_pair(ends);
    fill(ends[0]);
    for (unsigned i = 0; i < PARTIES; i++)
        begin(&parties[i], i % 2 ? rt : NULL, ends[0], i % 3 ? POLLPRI : POLLRDHUP);
    close(ends[1]);
    for (unsigned i = 0; i < PARTIES; i++)
        cr_assert(end(&parties[i], i % 2 ? rt : NULL) & POLLHUP);
    close(ends[0]);
    OK(filch_runtime_destroy(rt));
}

/* ---- Closing ---- */

Test(wait_fd, close_wakes_all_waiters)
{
    timer_thread_start();
    for (unsigned c = 0; c < CONFIGS; c++) {
        filch_runtime *rt = config_runtime(c, 10000);
        for (unsigned round = 0; round < 20; round++) {
            struct party parties[PARTIES];
            int ends[2];
            make_far_pair(ends);
            for (unsigned i = 0; i < PARTIES; i++)
                begin(&parties[i], i % 2 ? rt : NULL, ends[0], POLLIN);
            if (round % 2)
                filch_sleep(MS / 10);
            OK(filch_fd_close(ends[0]));
            for (unsigned i = 0; i < PARTIES; i++) /* a late party finds no file */
                cr_assert_eq(end(&parties[i], i % 2 ? rt : NULL), -EBADF);
            close(ends[1]);
        }
        OK(filch_runtime_destroy(rt));
    }
}

Test(wait_fd, reused_descriptor_counts_as_new_file)
{
    filch_runtime *rt = config_runtime(2, 10000);
    for (unsigned i = 0; i < 100; i++) {
        int ends[2];
        struct party party;
        make_far_pair(ends);
        cr_assert_eq(filch_wait_fd(FAR, POLLIN, filch_in(10000)), -ETIMEDOUT);
        begin(&party, rt, FAR, POLLIN);
        cr_assert_eq(write(ends[1], "x", 1), 1);
        cr_assert_eq(end(&party, rt), POLLIN);
        cr_assert_eq(i % 2 ? filch_fd_close(FAR) : close(FAR), 0);
        close(ends[1]);
    }
    OK(filch_runtime_destroy(rt));
}

/* Open in a child, it stays with epoll although it is closed here, and its events must not reach a
 * waiter for the next file of that number. */
Test(wait_fd, closed_file_open_elsewhere_stays_silent)
{
    if (BUILD_TSAN)
        cr_skip_test("thread sanitizer refuses threads in such a child");
    filch_runtime *rt = config_runtime(2, 10000);
    int old[2], fresh[2], stop[2];
    make_far_pair(old);
    make_pair(stop);
    cr_assert_eq(filch_wait_fd(old[0], POLLIN, filch_in(1000)), -ETIMEDOUT, "epoll is asked");
    pid_t child = fork();
    if (child == 0) {
        char byte;
        close(stop[1]);
        fcntl(stop[0], F_SETFL, 0);
        _exit(read(stop[0], &byte, 1) != 0);
    }
    close(old[0]);
    make_far_pair(fresh);
    struct party party;
    begin(&party, rt, fresh[0], POLLIN);
    filch_sleep(MS);
    cr_assert_eq(write(old[1], "x", 1), 1); /* to the end that only the child has */
    filch_sleep(MS);
    cr_assert_eq(signpost_count(&party.done), 0);
    cr_assert_eq(write(fresh[1], "x", 1), 1);
    cr_assert_eq(end(&party, rt), POLLIN);
    close_pair(stop);
    waitpid(child, NULL, 0);
    close_pair(fresh);
    close(old[1]);
    OK(filch_runtime_destroy(rt));
}

/* ---- Many files ---- */

enum { PAIRS = 2000 };
static int pairs[PAIRS][2];
static signpost answered;

static void answer(filch_self self, void *ends)
{
    char byte;
    if (read_byte(((int *)ends)[0], &byte) || byte != 'q' || write(((int *)ends)[0], "a", 1) != 1)
        filch_die("a question was lost");
    signpost_raise(&answered);
}

Test(wait_fd, two_thousand_sockets_cost_one_thread)
{
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    if (files.rlim_cur < 2 * PAIRS + 100)
        cr_skip_test("only %lu files", (unsigned long)files.rlim_cur);
    filch_runtime *rt = config_runtime(2, 10000);
    unsigned before = process_threads();
    for (unsigned i = 0; i < PAIRS; i++) {
        make_pair(pairs[i]);
        OK(filch_go(rt, answer, pairs[i]));
    }
    for (unsigned i = PAIRS; i-- > 0;)
        cr_assert_eq(write(pairs[i][1], "q", 1), 1);
    signpost_wait(&answered, PAIRS);
    cr_assert_leq(process_threads(), before + 1);
    for (unsigned i = 0; i < PAIRS; i++) {
        char byte;
        cr_assert_eq(read_byte(pairs[i][1], &byte), 0);
        cr_assert_eq(byte, 'a');
        close_pair(pairs[i]);
    }
    OK(filch_runtime_destroy(rt));
}
