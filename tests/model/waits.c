/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A report of waiting tasks while a fiber waits, goes on, and waits as another task. Real:
 * runtime/engine/observe/waiting_list, the arrival of runtime/engine/suspend, the stop of runtime/engine/fiber.h. Played:
 * the list of fibers, which has this one; the time in which it waits, which is no time.
 *
 * Claims: a report sees the words of one task; it touches nothing of a task that has ended. */
#include <runtime/engine/observe/waiting_list.h>
#include <runtime/engine/suspend.h>
#include <runtime/platform/lock.h>
#include <tests/model/system/system.h>

#include <stdlib.h>
#include <string.h>

enum { FIBER, REPORT };
static const char *const calls[] = {"first", "second"};

static union region {
    fl_fiber fiber;
    char bytes[FILCH_REGION_SIZE];
} region[2] __attribute__((aligned(FILCH_REGION_SIZE)));
static fl_fiber *const fiber = &region[0].fiber;
static filch_runtime rt;
static fl_worker worker, *workers[] = {&worker};
static unsigned lives;

void fl_fibers_each(fl_fibers *fibers, void (*what)(fl_fiber *fiber, void *arg), void *arg)
{
    (void)fibers;
    what(fiber, arg);
}

static void do_nothing(fl_worker *at, fl_fiber *left, void *arg)
{
    (void)at, (void)left, (void)arg;
}

/* ---- Threads ---- */

static void live(int which)
{
    filch_task *task = calloc(1, sizeof *task);
    task->name = calls[which];
    fl_fiber_runs(fiber, task, calls[which], which);
    fl_fiber_waits_in(fiber, calls[which], NULL);
    fl_fiber_stops(fiber);
    fl_arrive(fiber);
    fl_fiber_goes_on(fiber);
    free(task);
}

static void see(const fl_fiber *seen, const char *call, void *arg)
{
    *(const char **)arg = call;
    MC_CLAIM(seen->running.root->name == call && seen->running.root_file == call &&
                 calls[seen->running.root_line] == call,
             "a report mixes two tasks");
}

static void body(unsigned thread)
{
    for (unsigned i = 0; thread == FIBER && i < lives; i++)
        live((int)i);
    if (thread == REPORT) {
        const char *seen = "none";
        fl_waits_each(&rt, see, &seen);
        mc_outcome(seen);
    }
}

/* ---- Before and after ---- */

static void lay_out(unsigned count)
{
    lives = count;
    memset(region, 0, sizeof region);
    memset(&rt, 0, sizeof rt);
    memset(&worker, 0, sizeof worker);
    heap_setup(false);
    locks_are_played = true;
    rt.worker = workers;
    worker.rt = &rt;
    worker.left = &region[1].fiber;
    worker.action = do_nothing;
    fiber->worker = &worker;
    mc_name(&fiber->suspended, "suspended");
    mc_name(&fiber->waits_in, "waits_in");
    mc_name(&rt.report.reading, "reading");
    mc_name(&rt.report.lock, "lock");
    mc_ignore(&fiber->waits_for, sizeof fiber->waits_for);
}

static void setup_once(void)
{
    lay_out(1);
}

static void setup_twice(void)
{
    lay_out(2);
}

static void finish(void)
{
    MC_CLAIM(mc_objects() == 0, "a task is left");
}

#define BOTH                                                                                       \
    {                                                                                              \
        "fiber", "report"                                                                          \
    }

const mc_model mc_models[] = {{"once", "a report while a fiber waits and goes on", BOTH, setup_once,
                               body, finish, .outcomes = "first none"},
                              {"twice", "the same with two tasks, one after the other", BOTH,
                               setup_twice, body, finish, .outcomes = "first none second"},
                              {.name = NULL}};
