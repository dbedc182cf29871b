/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Bars: speed-up from one worker to two against the ceiling, and the cost of one worker over the
 * serial elision. */
#include "kernel_arms.h"

#include "runtimes.h"

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

static bool judge(const speedup_bar *bar, const measure_arm *arms, int repeat)
{
    char what[96];
    bool reached;
    for (int i = 0; i < ARMS; i++)
        measure_show(bar->kernel, &arms[i], 1e3, "ms", repeat);
    measure_judge("  ceiling: 2 x alone / both",
                  measure_ratio(&arms[ALONE], &arms[BOTH], 2, repeat), MEASURE_REPORTED, 0);
    measure_judge("  speed-up: 1 worker / 2 workers",
                  measure_ratio(&arms[ONE], &arms[TWO], 1, repeat), MEASURE_REPORTED, 0);
    snprintf(what, sizeof what, "%s: speed-up at 2 workers / ceiling", bar->kernel);
    reached =
        measure_judge(what,
                      measure_of_ceiling(&arms[ONE], &arms[TWO], &arms[ALONE], &arms[BOTH], repeat),
                      bar->of_ceiling > 0 ? MEASURE_AT_LEAST : MEASURE_REPORTED, bar->of_ceiling);
    snprintf(what, sizeof what, "%s: 1 worker / serial", bar->kernel);
    return measure_judge(what, measure_ratio(&arms[ONE], &arms[ALONE], 1, repeat),
                         bar->over_serial > 0 ? MEASURE_AT_MOST : MEASURE_REPORTED,
                         bar->over_serial) &&
           reached;
}

int main(int argc, char **argv)
{
    static measure_arm arms[ARMS];
    static kernel_arm contexts[ARMS];
    measure_options options =
        measure_read_options(argc, argv, KERNEL_FULL, "0 tiny, 1 quick, 2 full");
    if (options.size >= KERNEL_SIZES)
        options.size = KERNEL_FULL;
    filch_runtime *rts[] = {runtime_for_kernels(1, NULL), runtime_for_kernels(2, NULL)};
    bool reached = true;
    for (size_t i = 0; i < sizeof bars / sizeof bars[0]; i++) {
        const kernel_row *row = kernel_find(bars[i].kernel);
        if (!measure_wanted(&options, bars[i].kernel))
            continue;
        if (!row) {
            fprintf(stderr, "%s: not in the table of kernels\n", bars[i].kernel);
            return 1;
        }
        open_arms(arms, contexts, row, (enum kernel_size_name)options.size, rts);
        measure_interleaved(arms, ARMS, options.repeat);
        reached = judge(&bars[i], arms, options.repeat) && reached;
        for (int k = 0; k < ARMS; k++)
            kernel_arm_close(&contexts[k]);
    }
    filch_runtime_destroy(rts[0]);
    filch_runtime_destroy(rts[1]);
    return reached ? 0 : 1;
}
