/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Bar: the cost of measuring work and span while a program runs (FILCH_SPAN=1), over the same with each fork and join
 * out of line. */
#include "measure.h"
#include "trace_runs.h"

enum { OFF, ON, ARMS };

int main(int argc, char **argv)
{
    measure_options options =
        measure_read_options(argc, argv, KERNEL_FULL, "0 tiny, 1 quick, 2 full");
    const kernel *nqueens = kernel_find("nqueens")->column[KERNEL_FILCH];
    trace_arm off = {.rt = runtime_for_kernels(2, "chase-lev-outline"),
                     .kernel = nqueens,
                     .size = (int)options.size},
              on = off;
    setenv("FILCH_SPAN", "1", 1);
    on.rt = runtime_for_kernels(2, NULL);
    measure_arm arms[ARMS] = {[OFF] = {.name = "out of line", .once = trace_once, .context = &off},
                              [ON] = {.name = "with its span", .once = trace_once, .context = &on}};
    measure_interleaved(arms, ARMS, options.repeat);
    for (int i = 0; i < ARMS; i++)
        measure_show("nqueens", &arms[i], 1e3, "ms", options.repeat);
    bool reached = measure_judge("span: nqueens, measured while it runs / out of line",
                                 measure_ratio(&arms[ON], &arms[OFF], 1, options.repeat),
                                 MEASURE_AT_MOST, 1.25);
    filch_runtime_destroy(on.rt);
    filch_runtime_destroy(off.rt);
    return reached ? 0 : 1;
}
