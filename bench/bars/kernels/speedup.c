/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Bars: speed-up from one worker to two against the ceiling, and the cost of one worker over the
 * serial elision. */
#include "bars.h"

enum { ONE, TWO, ALONE, BOTH, ARMS };

typedef struct speedup_bar {
    const char *kernel;
    double of_ceiling;  /* at least; 0: reported */
    double over_serial; /* at most; 0: reported */
} speedup_bar;

static const speedup_bar bars[] = {
    {"fib", 0.97, 0}, {"nqueens", 0.97, 1.03}, {"uts-t1", 0.97, 1.02}, {"uts-t3", 0, 0},
    {"skynet", 0, 7}, {"matmul", 0.94, 1.02},  {"cilksort", 0.94, 0},
};

static void open_arms(measure_arm *arms, kernel_arm *contexts, const kernel_row *row,
                      enum kernel_size_name size, filch_runtime *const *rts)
{
    static const char *const names[ARMS] = {"1 worker", "2 workers", "one alone", "two copies"};
    for (int i = 0; i < ARMS; i++) {
        const kernel *k = row->column[i < ALONE ? KERNEL_FILCH : KERNEL_SERIAL];
        kernel_arm_open(&contexts[i], k, size, i < ALONE ? rts[i] : NULL, i == BOTH ? 2 : 1);
        arms[i].name = names[i];
        arms[i].once = kernel_arm_once;
        arms[i].context = &contexts[i];
    }
}

static bool judge(const speedup_bar *of, const measure_arm *arms, int repeat)
{
    measure_judge("  ceiling: 2 x alone / both",
                  measure_ratio(&arms[ALONE], &arms[BOTH], 2, repeat), MEASURE_REPORTED, 0);
    measure_judge_ratio("  speed-up: 1 worker / 2 workers", &arms[ONE], &arms[TWO], repeat,
                        MEASURE_REPORTED, 0);
    bool reached =
        measure_judge(measure_text("%s: speed-up at 2 workers / ceiling", of->kernel),
                      measure_of_ceiling(&arms[ONE], &arms[TWO], &arms[ALONE], &arms[BOTH], repeat),
                      of->of_ceiling > 0 ? MEASURE_AT_LEAST : MEASURE_REPORTED, of->of_ceiling);
    return measure_judge_ratio(measure_text("%s: 1 worker / serial", of->kernel), &arms[ONE],
                               &arms[ALONE], repeat,
                               of->over_serial > 0 ? MEASURE_AT_MOST : MEASURE_REPORTED,
                               of->over_serial) &&
           reached;
}

bool speedup_judge(const bar *unused, const measure_options *options)
{
    static measure_arm arms[ARMS];
    static kernel_arm contexts[ARMS];
    enum kernel_size_name size =
        options->size < KERNEL_SIZES ? (enum kernel_size_name)options->size : KERNEL_FULL;
    filch_runtime *rts[] = {runtime_for_kernels(1, NULL), runtime_for_kernels(2, NULL)};
    bool reached = true;
    for (size_t i = 0; i < sizeof bars / sizeof bars[0]; i++) {
        if (!measure_wanted(options, bars[i].kernel))
            continue;
        open_arms(arms, contexts, kernel_row_of(bars[i].kernel), size, rts);
        measure_race(bars[i].kernel, arms, ARMS, 1e3, "ms", options->repeat);
        reached &= judge(&bars[i], arms, options->repeat);
        for (int k = 0; k < ARMS; k++)
            kernel_arm_close(&contexts[k]);
    }
    filch_runtime_destroy(rts[0]);
    filch_runtime_destroy(rts[1]);
    return reached;
}
