/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Bars: work stealing against the central queue, the central queue against a pool written by
 * hand, both at two workers without cutoff; and the task size at which the two queues meet. */
#include "kernel_arms.h"

#include "../peers/handpool.h"
#include "runtimes.h"
#include "spin.h"

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

static bool judge_kernel(const central_bar *bar, void *const *places,
                         const measure_options *options)
{
    static measure_arm arms[ARMS];
    static kernel_arm contexts[ARMS];
    static const char *const names[ARMS] = {"chase-lev", "central-mutex", "handpool"};
    const kernel_row *row = kernel_find(bar->kernel);
    char what[96];
    if (!row) {
        fprintf(stderr, "%s: not in the table of kernels\n", bar->kernel);
        return false;
    }
    for (int i = 0; i < ARMS; i++) {
        enum kernel_size_name size = i == STEALING ? bar->stealing : bar->central;
        if (options->size < (long)size)
            size = (enum kernel_size_name)options->size;
        kernel_arm_open(&contexts[i], row->column[i == HANDPOOL ? KERNEL_HANDPOOL : KERNEL_FILCH],
                        size, places[i], 1);
        arms[i] = (measure_arm){.name = names[i], .once = kernel_arm_once, .context = &contexts[i]};
    }
    measure_interleaved(arms, ARMS, options->repeat);
    for (int i = 0; i < ARMS; i++)
        measure_show(bar->kernel, &arms[i], 1e3, "ms", options->repeat);
    double scale = 1;
    if (contexts[STEALING].runs[0].size != contexts[CENTRAL].runs[0].size)
        scale = (double)contexts[STEALING].runs[0].size->tasks /
                (double)contexts[CENTRAL].runs[0].size->tasks;
    snprintf(what, sizeof what, "%s, 2 workers: central-mutex / chase-lev, a task", bar->kernel);
    bool reached =
        measure_judge(what, measure_ratio(&arms[CENTRAL], &arms[STEALING], scale, options->repeat),
                      bar->times > 0 ? MEASURE_AT_LEAST : MEASURE_REPORTED, bar->times);
    snprintf(what, sizeof what, "%s, 2 workers: central-mutex / handpool", bar->kernel);
    reached =
        measure_judge(what, measure_ratio(&arms[CENTRAL], &arms[HANDPOOL], 1, options->repeat),
                      MEASURE_AT_MOST, 1.2) &&
        reached;
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
static void find_meeting(void *const *places, int repeat)
{
    static measure_arm arms[2];
    static const double us[] = {0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100};
    double turns_per_us = spin_turns_per_us(), meet = INFINITY;
    tree_job jobs[2] = {{.rt = places[STEALING]}, {.rt = places[CENTRAL]}};
    char what[96];
    for (size_t i = 0; i < sizeof us / sizeof us[0] && meet > 1e9; i++) {
        for (int k = 0; k < 2; k++) {
            jobs[k].turns = (long)(us[i] * turns_per_us);
            arms[k] = (measure_arm){.name = "", .once = tree_once, .context = &jobs[k]};
        }
        measure_interleaved(arms, 2, repeat);
        measure_spread ratio = measure_ratio(&arms[1], &arms[0], 1, repeat);
        snprintf(what, sizeof what, "tree, leaves of %g us: central-mutex / chase-lev", us[i]);
        measure_judge(what, ratio, MEASURE_REPORTED, 0);
        if (ratio.median <= 1.1)
            meet = us[i];
    }
    measure_judge_one("task size at which the two meet (ratio <= 1.1), us", meet, MEASURE_REPORTED,
                      0);
}

int main(int argc, char **argv)
{
    measure_options options =
        measure_read_options(argc, argv, KERNEL_FULL, "at most: 0 tiny, 1 quick, 2 full");
    handpool *pool;
    if (handpool_create(&pool, 2)) {
        fputs("no handpool\n", stderr);
        return 1;
    }
    void *places[ARMS] = {runtime_for_kernels(2, "chase-lev"),
                          runtime_for_kernels(2, "central-mutex"), pool};
    bool reached = true;
    for (size_t i = 0; i < sizeof bars / sizeof bars[0]; i++)
        if (measure_wanted(&options, bars[i].kernel))
            reached = judge_kernel(&bars[i], places, &options) && reached;
    if (measure_wanted(&options, "tree"))
        find_meeting(places, options.repeat);
    handpool_destroy(pool);
    filch_runtime_destroy(places[STEALING]);
    filch_runtime_destroy(places[CENTRAL]);
    return reached ? 0 : 1;
}
