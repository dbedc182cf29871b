/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A process of its own for an arm: other libraries' idle threads may spin for a while, and one
 * arm's leftovers in memory must not help the next. It acts on each order, and replies. To be
 * started while this process has no threads: children are forked. */
#ifndef BARS_CHILD_H
#define BARS_CHILD_H

#include "measure.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CHILD_NAPS = 500 };

typedef struct child_process {
    const char *name;
    pid_t pid;
    int orders, replies;
} child_process;

/* The child's body: opens, and then, for each child_ordered() that is true, makes one
 * child_reply(). */
typedef void child_serve(child_process *c, void *context);

static inline void child_die(const char *name, const char *why)
{
    fprintf(stderr, "%s: %s\n", name, why);
    exit(1);
}

static inline void child_start(child_process *c, const char *name, child_serve *serve,
                               void *context)
{
    int orders[2], replies[2];
    if (pipe(orders) || pipe(replies))
        child_die(name, "no pipe");
    fflush(NULL);
    *c = (child_process){name, fork(), orders[1], replies[0]};
    if (c->pid < 0)
        child_die(name, "no process");
    if (c->pid == 0) {
        close(orders[1]);
        close(replies[0]);
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        *c = (child_process){name, 0, orders[0], replies[1]};
        serve(c, context);
        _exit(0);
    }
    close(orders[0]);
    close(replies[1]);
}

static inline void child_stop(child_process *c)
{
    close(c->orders);
    close(c->replies);
    kill(c->pid, SIGKILL); /* it has nothing to save */
    waitpid(c->pid, NULL, 0);
}

/* ---- In the child ---- */

static inline bool child_ordered(child_process *c)
{
    char order;
    return read(c->orders, &order, 1) == 1;
}

static inline void child_reply(child_process *c, const void *reply, size_t size)
{
    if (write(c->replies, reply, size) != (ssize_t)size)
        _exit(1);
}

/* ---- In its parent ---- */

static inline void child_order(child_process *c)
{
    if (write(c->orders, "", 1) != 1)
        child_die(c->name, "its process has died");
}

static inline void child_await(child_process *c, void *reply, size_t size)
{
    if (read(c->replies, reply, size) != (ssize_t)size)
        child_die(c->name, "its process has died");
}

static inline double child_cpu(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* Waits until its threads use no CPU any more. */
static inline void child_rest(const child_process *c)
{
    clockid_t clock;
    if (clock_getcpuclockid(c->pid, &clock))
        return;
    double before, after = child_cpu(clock);
    int naps = 0;
    do {
        before = after;
        measure_sleep(0.001);
        after = child_cpu(clock);
    } while (after - before > 0.0001 && ++naps < CHILD_NAPS);
}

#endif
