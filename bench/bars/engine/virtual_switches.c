/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Bar: switches a second under FILCH_VIRTUAL. Two tasks of one virtual worker yield to each other; each turn is a
 * switch of tasks with its decision points. Reported beside it: switches between two virtual workers, which are
 * threads that pass a baton. */
#include "bars.h"

#include <filch/trace.h>

#include <sys/wait.h>
#include <unistd.h>

enum { TASKS, THREADS, ARMS };

FILCH_VOID_TASK(yields, (long, times))
{
    for (long i = 0; i < times; i++)
        filch_yield(self);
}

static void yield_too(filch_self self, void *times)
{
    yields(self, *(long *)times);
}

FILCH_VOID_TASK(points, (long, times))
{
    for (long i = 0; i < times; i++)
        filch_explore_point();
}

FILCH_VOID_TASK(both, (long, times))
{
    FILCH_FORK(points, times);
    points(self, times);
    FILCH_JOIN_VOID(points);
}

/* An arm: its number of virtual workers, and the run. */
struct arm {
    const char *workers;
    long times;
    void (*run)(filch_runtime *rt, long times);
};

static void switch_tasks(filch_runtime *rt, long times)
{
    if (filch_go(rt, yield_too, &times))
        filch_die("%s", filch_error());
    FILCH_RUN(rt, yields, times);
}

static void switch_threads(filch_runtime *rt, long times)
{
    FILCH_RUN(rt, both, times);
}

static double measure_here(const struct arm *arm)
{
    filch_runtime *rt;
    setenv("FILCH_VIRTUAL", arm->workers, 1);
    if (filch_runtime_create(&rt, NULL))
        filch_die("%s", filch_error());
    double from = measure_now();
    arm->run(rt, arm->times);
    double seconds = measure_now() - from;
    filch_runtime_destroy(rt);
    return seconds;
}

/* A process has one number of virtual workers, so each run has a process. */
static double in_child(void *context)
{
    int ends[2];
    double seconds = 0;
    fflush(NULL);
    pid_t child = pipe(ends) ? -1 : fork();
    if (!child) {
        seconds = measure_here(context);
        _exit(write(ends[1], &seconds, sizeof seconds) != sizeof seconds);
    }
    int status = 1;
    if (child < 0 || waitpid(child, &status, 0) != child || status ||
        read(ends[0], &seconds, sizeof seconds) != sizeof seconds)
        measure_expect(false, "a run failed");
    close(ends[0]);
    close(ends[1]);
    return seconds;
}

/* Millions of switches a second. */
static measure_spread rate(const measure_arm *arm, double switches, int repeat)
{
    double at[MEASURE_ROUNDS];
    for (int i = 0; i < repeat; i++)
        at[i] = switches / arm->at[i] / 1e6;
    return measure_spread_of(at, repeat);
}

bool virtual_switches_judge(const bar *unused, const measure_options *options)
{
    struct arm tasks = {"1", options->size / 2, switch_tasks};
    struct arm threads = {"2", options->size / 2, switch_threads};
    measure_arm arms[ARMS] = {[TASKS] = {.name = "two tasks", .once = in_child, .context = &tasks},
                              [THREADS] = {.name = "two virtual workers",
                                           .once = in_child,
                                           .context = &threads}};
    measure_race("virtual", arms, ARMS, 1e3, "ms", options->repeat);
    bool reached = measure_judge("virtual: million switches of tasks a second",
                                 rate(&arms[TASKS], (double)options->size, options->repeat),
                                 MEASURE_AT_LEAST, 1);
    /* The loops change no word, so each decision point gives way (runtime/platform/virtual/loop.h). */
    measure_judge("virtual: million switches of virtual workers a second",
                  rate(&arms[THREADS], (double)options->size, options->repeat), MEASURE_REPORTED,
                  0);
    return reached;
}
