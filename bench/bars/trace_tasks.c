/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Bar: the cost of an event of a trace at level `tasks`, beyond one reading of its clock. fib on one worker, whose
 * tasks do nothing else, in turns with and without a trace, each fork and join out of line in both. A task has
 * three events: its fork, and the begin and the end of its run. Judged with a small file that is overwritten;
 * reported with one that keeps all events, where the kernel has to find a new page for every 256. */
#include "measure.h"
#include "trace_runs.h"

#include <runtime/platform/clock.h>

enum { OFF, RING, ALL, CLOCK, ARMS, EVENTS_OF_A_TASK = 3, READINGS = 1000000 };

/* Seconds for READINGS readings. */
static double read_clock(void *unused)
{
    double from = measure_now();
    for (int i = 0; i < READINGS; i++)
        __asm__ volatile("" : : "r"(fl_ticks()));
    return measure_now() - from;
}

/* ns an event beyond a reading of the clock, round by round. */
static measure_spread beyond(const measure_arm *on, const measure_arm *off,
                             const measure_arm *clock, uint64_t tasks, int repeat)
{
    double at[MEASURE_ROUNDS];
    for (int i = 0; i < repeat; i++)
        at[i] = 1e9 * ((on->at[i] - off->at[i]) / (double)tasks / EVENTS_OF_A_TASK -
                       clock->at[i] / READINGS);
    return measure_spread_of(at, repeat);
}

int main(int argc, char **argv)
{
    enum { MOST = 15 }; /* ns */
    measure_options options =
        measure_read_options(argc, argv, KERNEL_QUICK, "0 tiny, 1 quick, 2 full");
    filch_runtime *rt = runtime_for_kernels(1, "chase-lev-outline");
    const kernel *fib = kernel_find("fib")->column[KERNEL_FILCH];
    char file[256];
    trace_file_make(file);
    trace_arm off = {.rt = rt, .kernel = fib, .size = (int)options.size}, ring = off, all = off;
    ring.file = all.file = file;
    ring.options = "tasks,limit=2M,full=overwrite";
    all.options = "tasks";
    measure_arm arms[ARMS] = {
        [OFF] = {.name = "without a trace", .once = trace_once, .context = &off},
        [RING] = {.name = "overwriting", .once = trace_once, .context = &ring},
        [ALL] = {.name = "keeping all", .once = trace_once, .context = &all},
        [CLOCK] = {.name = "1M readings of the clock", .once = read_clock}};
    measure_interleaved(arms, ARMS, options.repeat);
    for (int i = 0; i < ARMS; i++)
        measure_show("fib", &arms[i], 1e3, "ms", options.repeat);
    bool reached =
        measure_judge("trace: ns an event of level tasks beyond a clock reading",
                      beyond(&arms[RING], &arms[OFF], &arms[CLOCK], ring.tasks, options.repeat),
                      MEASURE_AT_MOST, MOST);
    measure_judge("trace: the same in a file that keeps all events",
                  beyond(&arms[ALL], &arms[OFF], &arms[CLOCK], all.tasks, options.repeat),
                  MEASURE_REPORTED, 0);
    unlink(file);
    filch_runtime_destroy(rt);
    return reached ? 0 : 1;
}
