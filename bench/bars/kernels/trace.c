/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Bars: kernels with and without a trace, or with work and span measured while they run
 * (FILCH_SPAN=1). Creating a trace's file and closing it are not measured. */
#include "bars.h"

#include <filch/trace.h>
#include <runtime/platform/clock.h>
#include <unistd.h>

enum { OFF, ON, PAIR };

typedef struct trace_arm {
    filch_runtime *rt;
    const kernel *kernel;
    int size;
    const char *file, *options; /* file NULL: no trace */
    uint64_t tasks;             /* of the last run */
} trace_arm;

static double trace_once(void *context)
{
    trace_arm *of = context;
    kernel_run run = {.size = &of->kernel->sizes[of->size]};
    if (of->file)
        measure_check(filch_trace_start(of->rt, of->file, of->options));
    double from = measure_now();
    of->kernel->run(of->rt, &run);
    double seconds = measure_now() - from;
    if (of->file)
        measure_check(filch_trace_stop(of->rt));
    measure_expect(run.answer == run.size->answer, "a kernel's answer is wrong");
    of->tasks = run.size->tasks ? run.size->tasks : run.tasks;
    return seconds;
}

/* An empty file of its own; the caller removes it. */
static void trace_file_make(char file[256])
{
    const char *folder = getenv("TMPDIR");
    snprintf(file, 256, "%s/filch-bar-XXXXXX", folder && *folder ? folder : "/tmp");
    int fd = mkstemp(file);
    measure_expect(fd >= 0, "no file for a trace");
    close(fd);
}

/* ---- Level `steals`: on one runtime, in turns with and without a trace ---- */

bool trace_steals(const bar *row, const measure_options *options)
{
    filch_runtime *rt = runtime_for_kernels(2, NULL);
    const kernel *measured = kernel_row_of(row->part)->column[KERNEL_FILCH];
    char file[256];
    trace_file_make(file);
    trace_arm off = {.rt = rt, .kernel = measured, .size = (int)options->size}, on = off;
    on.file = file;
    measure_arm arms[PAIR] = {[OFF] = {.name = "without a trace",
                                       .once = trace_once,
                                       .context = &off},
                              [ON] = {.name = "with one", .once = trace_once, .context = &on}};
    measure_race(row->part, arms, PAIR, 1e3, "ms", options->repeat);
    unlink(file);
    filch_runtime_destroy(rt);
    return measure_judge_ratio(measure_text("trace: %s, with one / without", row->part), &arms[ON],
                               &arms[OFF], options->repeat, MEASURE_AT_MOST, 1.02);
}

/* ---- Level `tasks`, beyond one reading of its clock ----
 *
 * fib on one worker, whose tasks do nothing else, each fork and join out of line in both. A task has
 * three events: its fork, and the begin and the end of its run. Judged with a small file that is
 * overwritten; reported with one that keeps all events, where the kernel has to find a new page for
 * every 256. */

enum { RING = ON, ALL, CLOCK, ARMS, EVENTS_OF_A_TASK = 3, READINGS = 1000000 };

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

bool trace_tasks(const bar *unused, const measure_options *options)
{
    enum { MOST = 15 }; /* ns */
    filch_runtime *rt = runtime_for_kernels(1, "chase-lev-outline");
    const kernel *fib = kernel_find("fib")->column[KERNEL_FILCH];
    char file[256];
    trace_file_make(file);
    trace_arm off = {.rt = rt, .kernel = fib, .size = (int)options->size}, ring = off, all = off;
    ring.file = all.file = file;
    ring.options = "tasks,limit=2M,full=overwrite";
    all.options = "tasks";
    measure_arm arms[ARMS] = {
        [OFF] = {.name = "without a trace", .once = trace_once, .context = &off},
        [RING] = {.name = "overwriting", .once = trace_once, .context = &ring},
        [ALL] = {.name = "keeping all", .once = trace_once, .context = &all},
        [CLOCK] = {.name = "1M readings of the clock", .once = read_clock}};
    measure_race("fib", arms, ARMS, 1e3, "ms", options->repeat);
    bool reached =
        measure_judge("trace: ns an event of level tasks beyond a clock reading",
                      beyond(&arms[RING], &arms[OFF], &arms[CLOCK], ring.tasks, options->repeat),
                      MEASURE_AT_MOST, MOST);
    measure_judge("trace: the same in a file that keeps all events",
                  beyond(&arms[ALL], &arms[OFF], &arms[CLOCK], all.tasks, options->repeat),
                  MEASURE_REPORTED, 0);
    unlink(file);
    filch_runtime_destroy(rt);
    return reached;
}

/* ---- Work and span, over the same with each fork and join out of line ---- */

bool trace_span(const bar *unused, const measure_options *options)
{
    trace_arm off = {.rt = runtime_for_kernels(2, "chase-lev-outline"),
                     .kernel = kernel_row_of("nqueens")->column[KERNEL_FILCH],
                     .size = (int)options->size},
              on = off;
    setenv("FILCH_SPAN", "1", 1);
    on.rt = runtime_for_kernels(2, NULL);
    measure_arm arms[PAIR] = {[OFF] = {.name = "out of line", .once = trace_once, .context = &off},
                              [ON] = {.name = "with its span", .once = trace_once, .context = &on}};
    measure_race("nqueens", arms, PAIR, 1e3, "ms", options->repeat);
    filch_runtime_destroy(on.rt);
    filch_runtime_destroy(off.rt);
    return measure_judge_ratio("span: nqueens, measured while it runs / out of line", &arms[ON],
                               &arms[OFF], options->repeat, MEASURE_AT_MOST, 1.25);
}
