/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Bar: the cost of a trace at level `steals`. Each kernel runs on one runtime, in turns with and without a trace. */
#include "measure.h"
#include "trace_runs.h"

enum { OFF, ON, ARMS };

static bool judge(const char *name, filch_runtime *rt, const char *file,
                  const measure_options *options)
{
    const kernel *measured = kernel_find(name)->column[KERNEL_FILCH];
    trace_arm each[ARMS] = {
        [OFF] = {.rt = rt, .kernel = measured, .size = (int)options->size},
        [ON] = {.rt = rt, .kernel = measured, .size = (int)options->size, .file = file}};
    measure_arm arms[ARMS] = {
        [OFF] = {.name = "without a trace", .once = trace_once, .context = &each[OFF]},
        [ON] = {.name = "with one", .once = trace_once, .context = &each[ON]}};
    char what[96];
    measure_interleaved(arms, ARMS, options->repeat);
    for (int i = 0; i < ARMS; i++)
        measure_show(name, &arms[i], 1e3, "ms", options->repeat);
    snprintf(what, sizeof what, "trace: %s, with one / without", name);
    return measure_judge(what, measure_ratio(&arms[ON], &arms[OFF], 1, options->repeat),
                         MEASURE_AT_MOST, 1.02);
}

int main(int argc, char **argv)
{
    static const char *const names[] = {"uts-t1", "fib", "nqueens"};
    measure_options options =
        measure_read_options(argc, argv, KERNEL_FULL, "0 tiny, 1 quick, 2 full");
    filch_runtime *rt = runtime_for_kernels(2, NULL);
    char file[256];
    bool reached = true;
    trace_file_make(file);
    for (int i = 0; i < 3; i++)
        if (measure_wanted(&options, names[i]))
            reached = judge(names[i], rt, file, &options) && reached;
    unlink(file);
    filch_runtime_destroy(rt);
    return reached ? 0 : 1;
}
