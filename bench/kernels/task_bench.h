/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The dependency graphs of the task-bench kernels, for them and for their tests. A step has
 * TASK_BENCH_WIDTH points (fewer in a tree); a point of the next step needs those of this step of
 * which it is a dependent. */
#ifndef KERNELS_TASK_BENCH_H
#define KERNELS_TASK_BENCH_H

#include <stdint.h>

enum {
    TASK_BENCH_LEVELS = 6,
    TASK_BENCH_WIDTH = 1 << TASK_BENCH_LEVELS,
    TASK_BENCH_DEPENDENTS = 3
};

typedef struct task_bench_pattern {
    int (*width)(long step); /* points of that step */
    /* Of point i of that step, in the next one: writes their numbers, returns how many. */
    int (*dependents)(long step, int i, int *out);
} task_bench_pattern;

/* A point's value, from the sum of the values of the points it needs. */
static inline uint64_t task_bench_value(uint64_t sum, long step, int i)
{
    const uint64_t mixed = (sum ^ (uint64_t)(step * TASK_BENCH_WIDTH + i)) * 0x9e3779b97f4a7c15u;
    return mixed ^ mixed >> 29;
}

static int task_bench_all(long step)
{
    return TASK_BENCH_WIDTH;
}

static int task_bench_stencil(long step, int i, int *out)
{
    int count = 0;
    for (int next = i - 1; next <= i + 1; next++)
        if (next >= 0 && next < TASK_BENCH_WIDTH)
            out[count++] = next;
    return count;
}

static int task_bench_fft(long step, int i, int *out)
{
    out[0] = i;
    out[1] = i ^ 1 << step % TASK_BENCH_LEVELS;
    return 2;
}

/* From one point to all in TASK_BENCH_LEVELS steps, and back to one in as many; and again. */
static int task_bench_tree_width(long step)
{
    const int level = (int)(step % (2 * TASK_BENCH_LEVELS));
    return 1 << (level < TASK_BENCH_LEVELS ? level : 2 * TASK_BENCH_LEVELS - level);
}

static int task_bench_tree(long step, int i, int *out)
{
    const int grows = step % (2 * TASK_BENCH_LEVELS) < TASK_BENCH_LEVELS;
    out[0] = grows ? 2 * i : i / 2;
    out[1] = 2 * i + 1;
    return grows ? 2 : 1;
}

/* Three permutations, other ones in each step: an odd factor permutes the numbers below a power of
 * two. */
static int task_bench_random(long step, int i, int *out)
{
    for (int d = 0; d < TASK_BENCH_DEPENDENTS; d++) {
        const uint64_t drawn = task_bench_value((uint64_t)d + 1, step, 0);
        out[d] = (int)(((drawn >> 40 | 1) * (uint64_t)i + (drawn >> 20)) % TASK_BENCH_WIDTH);
    }
    return TASK_BENCH_DEPENDENTS;
}

static const task_bench_pattern task_bench_patterns[] = {
    {task_bench_all, task_bench_stencil},
    {task_bench_all, task_bench_fft},
    {task_bench_tree_width, task_bench_tree},
    {task_bench_all, task_bench_random},
};

#endif
