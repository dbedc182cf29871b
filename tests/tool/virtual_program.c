/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Programs for tests of FILCH_VIRTUAL. Argument: which one. */
#include <filch/blocking.h>
#include <filch/channel.h>
#include <filch/filch.h>
#include <filch/pool.h>
#include <filch/sync.h>
#include <filch/timer.h>

#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <tests/support/tasks.h>
#include <time.h>
#include <unistd.h>

static filch_runtime *rt;

/* ---- work: forks, a channel, a lock, a sleep, a blocking call ---- */

static filch_channel *channel;
static filch_mutex mutex;
static long sum;

static void add(long by)
{
    filch_mutex_lock(&mutex);
    sum += by;
    filch_mutex_unlock(&mutex);
}

FILCH_VOID_TASK(sends, (int, count))
{
    for (int i = 0; i < count; i++)
        if (filch_channel_send(channel, &i))
            filch_die("%s", filch_error());
    filch_channel_close(channel);
}

FILCH_VOID_TASK(receives, (int, unused))
{
    (void)unused;
    for (int i; filch_channel_next(channel, &i, sizeof i);)
        add(i);
}

FILCH_VOID_TASK(work, (int, n))
{
    FILCH_FORK(sends, n);
    FILCH_FORK(receives, 0);
    receives(self, 0);
    add(fib(self, n));
    filch_sleep(FILCH_MILLISECOND);
    filch_blocking_begin();
    filch_blocking_end();
    FILCH_JOIN_VOID(receives);
    FILCH_JOIN_VOID(sends);
}

static void run_work(void)
{
    if (filch_channel_create(&channel, sizeof(int), 2))
        filch_die("%s", filch_error());
    FILCH_RUN(rt, work, 10);
    filch_channel_destroy(channel);
    printf("%ld at %lld\n", sum, (long long)filch_now());
}

/* ---- deadlock ---- */

static filch_mutex other;

FILCH_VOID_TASK(locks, (filch_mutex *, first), (filch_mutex *, second))
{
    filch_mutex_lock(first);
    filch_mutex_lock(second);
    filch_mutex_unlock(second);
    filch_mutex_unlock(first);
}

FILCH_VOID_TASK(crosses, (int, times))
{
    for (int i = 0; i < times; i++) {
        FILCH_FORK(locks, &mutex, &other);
        locks(self, &other, &mutex);
        FILCH_JOIN_VOID(locks);
    }
}

static void run_deadlock(void)
{
    FILCH_RUN(rt, crosses, 1000);
}

/* ---- spin: waits in a loop without a decision point ---- */

FILCH_VOID_TASK(spins, (int, seconds))
{
    struct timespec began, now;
    clock_gettime(CLOCK_MONOTONIC, &began);
    do
        clock_gettime(CLOCK_MONOTONIC, &now);
    while (now.tv_sec - began.tv_sec < seconds);
}

static void run_spin(void)
{
    FILCH_RUN(rt, spins, 4);
}

/* ---- foreign: another thread uses the runtime ---- */

static void *run_fib(void *unused)
{
    (void)unused;
    FILCH_RUN(rt, fib, 3);
    return NULL;
}

static void run_foreign(void)
{
    pthread_t thread;
    if (!pthread_create(&thread, NULL, run_fib, NULL))
        pthread_join(thread, NULL);
}

/* ---- forks: a child process ---- */

static void run_forks(void)
{
    if (fork() == 0)
        _exit(0);
}

/* ---- waits: for a file ---- */

FILCH_TASK(int, waits, (int, fd))
{
    return filch_wait_fd(fd, POLLIN, FILCH_FOREVER) < 0 ? -1 : 0;
}

static void run_waits(void)
{
    int ends[2];
    if (pipe(ends) == 0 && FILCH_RUN(rt, waits, ends[0]))
        printf("refused\n");
}

/* ---- all ---- */

static const struct {
    const char *name;
    void (*run)(void);
} programs[] = {{"work", run_work},       {"deadlock", run_deadlock}, {"spin", run_spin},
                {"foreign", run_foreign}, {"waits", run_waits},       {"forks", run_forks}};

int main(int argc, char **argv)
{
    if (argc != 2 || filch_runtime_create(&rt, NULL)) {
        fprintf(stderr, "%s\n", argc == 2 ? filch_error() : "name a program");
        return 2;
    }
    for (unsigned i = 0; i < sizeof programs / sizeof *programs; i++)
        if (!strcmp(programs[i].name, argv[1]))
            programs[i].run();
    filch_runtime_destroy(rt);
    return 0;
}
