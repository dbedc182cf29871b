/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The bars of whole kernels: speed-up, the central queue, changes of policy, traces. */
#include "bars.h"

int main(int argc, char **argv)
{
    static const char sizes[] = "0 tiny, 1 quick, 2 full";
    static const bar bars[] = {
        {"speedup", NULL, speedup_judge, KERNEL_FULL, sizes},
        {"central", NULL, central_judge, KERNEL_FULL, "at most: 0 tiny, 1 quick, 2 full"},
        {"central", "tree", central_tree, BARS_SAME},
        {"swap", NULL, swap_judge, KERNEL_FULL, sizes},
        {"trace-steals", "uts-t1", trace_steals, KERNEL_FULL, sizes},
        {"trace-steals", "fib", trace_steals, BARS_SAME},
        {"trace-steals", "nqueens", trace_steals, BARS_SAME},
        {"trace-tasks", NULL, trace_tasks, KERNEL_QUICK, sizes},
        {"trace-span", NULL, trace_span, KERNEL_FULL, sizes},
    };
    return bars_main(argc, argv, bars, sizeof bars / sizeof bars[0]);
}
