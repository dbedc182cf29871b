/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Bars: work stealing against the central queue, the central queue against a pool written by
 * hand, both at two workers without cutoff; and the task size at which the two queues meet. */
#include "bars.h"

#include "../../peers/handpool.h"
#include "../spin.h"

enum { STEALING, CENTRAL, HANDPOOL, ARMS };
enum { TREE_DEPTH = 12 };

typedef struct central_bar {
    const char *kernel;
    enum kernel_size_name stealing,
        central;  /* sizes; different ones are compared as time per task */
    double times; /* at least; 0: reported */
} central_bar;

static const central_bar bars[] = {
    {"fib", KERNEL_FULL, KERNEL_QUICK, 50},    {"skynet", KERNEL_FULL, KERNEL_FULL, 20},
    {"nqueens", KERNEL_FULL, KERNEL_FULL, 0},  {"uts-t1", KERNEL_FULL, KERNEL_FULL, 0},
    {"uts-t3", KERNEL_FULL, KERNEL_FULL, 0},   {"matmul", KERNEL_FULL, KERNEL_FULL, 0},
    {"cilksort", KERNEL_FULL, KERNEL_FULL, 0},
};

static bool judge_kernel(const central_bar *of, void *const *places, const measure_options *options)
{
    static measure_arm arms[ARMS];
    static kernel_arm contexts[ARMS];
    static const char *const names[ARMS] = {"chase-lev", "central-mutex", "handpool"};
    const kernel_row *row = kernel_row_of(of->kernel);
    for (int i = 0; i < ARMS; i++) {
        enum kernel_size_name size = i == STEALING ? of->stealing : of->central;
        if (options->size < (long)size)
            size = (enum kernel_size_name)options->size;
        kernel_arm_open(&contexts[i], row->column[i == HANDPOOL ? KERNEL_HANDPOOL : KERNEL_FILCH],
                        size, places[i], 1);
        arms[i] = (measure_arm){.name = names[i], .once = kernel_arm_once, .context = &contexts[i]};
    }
    measure_race(of->kernel, arms, ARMS, 1e3, "ms", options->repeat);
    double scale = 1;
    if (contexts[STEALING].runs[0].size != contexts[CENTRAL].runs[0].size)
        scale = (double)contexts[STEALING].runs[0].size->tasks /
                (double)contexts[CENTRAL].runs[0].size->tasks;
    bool reached =
        measure_judge(measure_text("%s, 2 workers: central-mutex / chase-lev, a task", of->kernel),
                      measure_ratio(&arms[CENTRAL], &arms[STEALING], scale, options->repeat),
                      of->times > 0 ? MEASURE_AT_LEAST : MEASURE_REPORTED, of->times);
    reached &=
        measure_judge_ratio(measure_text("%s, 2 workers: central-mutex / handpool", of->kernel),
                            &arms[CENTRAL], &arms[HANDPOOL], options->repeat, MEASURE_AT_MOST, 1.2);
    for (int i = 0; i < ARMS; i++)
        kernel_arm_close(&contexts[i]);
    return reached;
}

/* ---- Where the two meet: a balanced tree whose leaves work for a given time ---- */

typedef struct tree_job {
    filch_runtime *rt;
    long turns;
    double seconds;
} tree_job;

FILCH_VOID_TASK(tree, (int, depth), (long, turns))
{
    if (depth == 0) {
        spin_turns(turns);
        return;
    }
    FILCH_FORK(tree, depth - 1, turns);
    tree(self, depth - 1, turns);
    FILCH_JOIN_VOID(tree);
}

FILCH_VOID_TASK(timed_tree, (tree_job *, job))
{
    double from = measure_now();
    tree(self, TREE_DEPTH, job->turns);
    job->seconds = measure_now() - from;
}

static double tree_once(void *context)
{
    tree_job *job = context;
    FILCH_RUN(job->rt, timed_tree, job);
    return job->seconds;
}

/* Sweeps the length of a leaf; prints the first at which the central queue costs at most a tenth
 * more. */
bool central_tree(const bar *unused, const measure_options *options)
{
    static measure_arm arms[2];
    static const double us[] = {0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100};
    double turns_per_us = spin_turns_per_us(), meet = INFINITY;
    tree_job jobs[2] = {{.rt = runtime_for_kernels(2, "chase-lev")},
                        {.rt = runtime_for_kernels(2, "central-mutex")}};
    for (size_t i = 0; i < sizeof us / sizeof us[0] && meet > 1e9; i++) {
        for (int k = 0; k < 2; k++) {
            jobs[k].turns = (long)(us[i] * turns_per_us);
            arms[k] = (measure_arm){.name = "", .once = tree_once, .context = &jobs[k]};
        }
        measure_interleaved(arms, 2, options->repeat);
        measure_spread ratio = measure_ratio(&arms[1], &arms[0], 1, options->repeat);
        measure_judge(measure_text("tree, leaves of %g us: central-mutex / chase-lev", us[i]),
                      ratio, MEASURE_REPORTED, 0);
        if (ratio.median <= 1.1)
            meet = us[i];
    }
    filch_runtime_destroy(jobs[0].rt);
    filch_runtime_destroy(jobs[1].rt);
    return measure_judge_one("task size at which the two meet (ratio <= 1.1), us", meet,
                             MEASURE_REPORTED, 0);
}

bool central_judge(const bar *unused, const measure_options *options)
{
    handpool *pool;
    measure_expect(!handpool_create(&pool, 2), "no handpool");
    void *places[ARMS] = {runtime_for_kernels(2, "chase-lev"),
                          runtime_for_kernels(2, "central-mutex"), pool};
    bool reached = true;
    for (size_t i = 0; i < sizeof bars / sizeof bars[0]; i++)
        if (measure_wanted(options, bars[i].kernel))
            reached &= judge_kernel(&bars[i], places, options);
    handpool_destroy(pool);
    filch_runtime_destroy(places[STEALING]);
    filch_runtime_destroy(places[CENTRAL]);
    return reached;
}
