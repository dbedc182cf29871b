/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A program for `filch top`: forks, a pool that works and one whose job waits, two tasks that wait
 * on a channel. It prints a line when all of that goes on, and ends at the end of its standard
 * input, or with the program that has started it. Argument: the number of runtimes; 1 without one. */
#include <filch/channel.h>
#include <filch/filch.h>
#include <filch/pool.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <tests/support/tasks.h>
#include <unistd.h>

enum { RUNTIMES = 4, LISTENERS = 2 };

static filch_channel *silent;

static int work(filch_self self, filch_job *job, void *data)
{
    (void)job, (void)data;
    return fib(self, 12) == 144 ? 0 : -1;
}

static int listen(filch_self self, filch_job *job, void *data)
{
    char byte;
    (void)self, (void)job, (void)data;
    return filch_channel_receive(silent, &byte) == -EPIPE ? 0 : -1;
}

/* A job each millisecond, until stdin ends. */
static int submit(filch_pool *busy)
{
    struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
    int rc = 0;
    while (!rc && poll(&input, 1, 1) == 0)
        rc = FILCH_SUBMIT(busy, work, NULL);
    return rc;
}

static int run(filch_runtime *rt)
{
    filch_pool *busy, *waiting;
    const filch_pool_config jobs = {.runtime = rt, .name = "busy"};
    const filch_pool_config listeners = {.runtime = rt, .name = "listeners", .width = LISTENERS};
    int rc = filch_channel_create(&silent, 1, 1);
    if (!rc)
        rc = filch_pool_create(&busy, &jobs);
    if (!rc)
        rc = filch_pool_create(&waiting, &listeners);
    for (int i = 0; i < LISTENERS && !rc; i++)
        rc = FILCH_SUBMIT(waiting, listen, NULL);
    if (rc)
        return rc;
    puts("runs");
    fflush(stdout);
    rc = submit(busy);
    filch_channel_close(silent);
    filch_pool_destroy(waiting);
    filch_pool_destroy(busy);
    filch_channel_destroy(silent);
    return rc;
}

int main(int argc, char **argv)
{
    filch_runtime *rt[RUNTIMES];
    long count = argc > 1 ? strtol(argv[1], NULL, 10) : 1, made = 0;
    int rc = 0;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (; made < count && made < RUNTIMES && !rc; made += !rc)
        rc = filch_runtime_create(&rt[made], NULL);
    if (!rc)
        rc = run(rt[0]);
    if (rc)
        fprintf(stderr, "top_program: %s\n", filch_error());
    while (made)
        filch_runtime_destroy(rt[--made]);
    return rc != 0;
}
