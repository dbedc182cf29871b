/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Kernels as arms that live in processes of their own: other libraries' idle threads may spin for
 * a while, and two OpenMP runtimes do not live in one process. Each child holds one place and one
 * instance of the kernel; it restores its input, runs when it is told to, checks the answer, and
 * says how long the run took. The next arm's turn comes when this one's threads have come to rest.
 *
 * To be started while this process has no threads: children are forked. */
#ifndef BARS_SERVED_H
#define BARS_SERVED_H

#include "../kernels/place.h"
#include "../peers/peer.h"
#include "measure.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SERVED_COPIES = 2, SERVED_NAPS = 500 };

typedef struct served_reply {
    double from, till; /* of the run */
    uint64_t answer;
} served_reply;

typedef struct served_child {
    pid_t pid;
    int orders, replies;
} served_child;

typedef struct served_arm {
    kernel kernel;
    kernel_size size;
    kernel_place place;
    int copies; /* 2: two at once, each pinned to a CPU of its own */
    bool pinned;
    void *memory[SERVED_COPIES]; /* for each copy's data, or NULL */
    served_child children[SERVED_COPIES];
    uint64_t answer; /* of the last run */
} served_arm;

static inline void served_die(const served_arm *arm, const char *why)
{
    fprintf(stderr, "%s: %s\n", arm->kernel.name, why);
    exit(1);
}

/* Never returns. */
static inline void served_serve(served_arm *arm, int copy, int cpu, int orders, int replies)
{
    kernel_run run = {.size = &arm->size, .memory = arm->memory[copy]};
    const kernel *k = &arm->kernel;
    served_reply reply;
    char order;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (arm->pinned)
        measure_pin(cpu);
    if (kernel_place_open(&arm->place, k) || (k->setup && k->setup(&run)))
        served_die(arm, "no place or no input for it");
    while (read(orders, &order, 1) == 1) {
        if (k->prepare)
            k->prepare(&run);
        reply.from = measure_now();
        k->run(arm->place.it, &run);
        reply.till = measure_now();
        if (k->finish)
            k->finish(&run);
        reply.answer = run.answer;
        if (!kernel_answer_is_right(&run))
            served_die(arm, "wrong answer");
        if (write(replies, &reply, sizeof reply) != (ssize_t)sizeof reply)
            break;
    }
    _exit(0);
}

static inline void served_start(served_arm *arm)
{
    int cpus[2];
    measure_cpus(cpus);
    for (int i = 0; i < arm->copies; i++) {
        int orders[2], replies[2];
        if (pipe(orders) || pipe(replies))
            served_die(arm, "no pipe");
        fflush(NULL);
        pid_t pid = fork();
        if (pid < 0)
            served_die(arm, "no process");
        if (pid == 0) {
            close(orders[1]);
            close(replies[0]);
            served_serve(arm, i, cpus[i], orders[0], replies[1]);
        }
        close(orders[0]);
        close(replies[1]);
        arm->children[i] = (served_child){pid, orders[1], replies[0]};
    }
}

static inline void served_stop(served_arm *arm)
{
    for (int i = 0; i < arm->copies; i++) {
        close(arm->children[i].orders);
        close(arm->children[i].replies);
        kill(arm->children[i].pid, SIGKILL); /* it has nothing to save */
        waitpid(arm->children[i].pid, NULL, 0);
    }
}

static inline double served_cpu(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static inline void served_rest(const served_child *child)
{
    clockid_t clock;
    if (clock_getcpuclockid(child->pid, &clock))
        return;
    double before, after = served_cpu(clock);
    int naps = 0;
    do {
        before = after;
        measure_sleep(0.001);
        after = served_cpu(clock);
    } while (after - before > 0.0001 && ++naps < SERVED_NAPS);
}

/* Seconds from the first start to the last end. */
static inline double served_once(void *context)
{
    served_arm *arm = context;
    served_reply replies[SERVED_COPIES];
    double from = 0, till = 0;
    for (int i = 0; i < arm->copies; i++)
        if (write(arm->children[i].orders, "", 1) != 1)
            served_die(arm, "its process has died");
    for (int i = 0; i < arm->copies; i++) {
        if (read(arm->children[i].replies, &replies[i], sizeof replies[i]) !=
            (ssize_t)sizeof replies[i])
            served_die(arm, "its process has died");
        from = i == 0 || replies[i].from < from ? replies[i].from : from;
        till = i == 0 || replies[i].till > till ? replies[i].till : till;
    }
    for (int i = 0; i < arm->copies; i++)
        served_rest(&arm->children[i]);
    arm->answer = replies[0].answer;
    return till - from;
}

#endif
