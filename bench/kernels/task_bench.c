/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Dependency graphs of several patterns with tasks of a size that can be set: how small may tasks
 * be before the runtime's own work is half of all? That size is the METG(50 %) of `filch bench
 * --metg`. A task adds up what its predecessors made, runs its loop, notifies its dependents, and
 * forks those whose last predecessor it was; the elision does the same counting.
 *
 * The counter of a task is the edge between its predecessors and it (acquire, release); sums are
 * ordered by it. */
#include "task_bench.h"

#include "data.h"
#include "kernel.h"

#include <errno.h>

enum { GRAIN = 4096, STACK = 1 << 20 /* a frame a step */ };

typedef struct point {
    filch_u64 sum;
    filch_u32 waiting; /* predecessors that are not done */
    uint32_t needs;    /* predecessors */
} point;

typedef struct graph {
    const task_bench_pattern *pattern;
    point *points; /* TASK_BENCH_WIDTH a step */
    long steps, grain;
    filch_u64 answer;
} graph;

static point *point_of(const graph *g, long step, int i)
{
    return &g->points[step * TASK_BENCH_WIDTH + i];
}

/* A chain of multiplications that no compiler removes. */
static void work(long grain)
{
    uint64_t state = (uint64_t)grain;
    for (long i = 0; i < grain; i++)
        state = state * 6364136223846793005u + 1442695040888963407u;
    __asm__ volatile("" : : "r"(state));
}

/* Hands a value to a dependent. True: it was the last one that was missing. */
static bool hand_on(point *to, uint64_t value)
{
    filch_u64_add(&to->sum, value, FILCH_RELAXED);
    return filch_u32_add(&to->waiting, (uint32_t)-1, FILCH_ACQ_REL) == 1;
}

VOID_TASK(compute, (graph *, g), (long, step), (int, i))
{
    int next[TASK_BENCH_DEPENDENTS], count = g->pattern->dependents(step, i, next), forked = 0;
    const uint64_t sum = filch_u64_load(&point_of(g, step, i)->sum, FILCH_RELAXED);
    const uint64_t value = task_bench_value(sum, step, i);
    work(g->grain);
    if (step + 1 == g->steps) {
        filch_u64_add(&g->answer, value, FILCH_RELAXED);
        return;
    }
    for (int d = 0; d < count; d++)
        if (hand_on(point_of(g, step + 1, next[d]), value)) {
            FORK_VOID(compute, g, step + 1, next[d]);
            forked++;
        }
    for (; forked > 0; forked--)
        JOIN_VOID(compute);
}

VOID_TASK(compute_all, (graph *, g))
{
    const int width = g->pattern->width(0);
    for (int i = 0; i < width; i++)
        FORK_VOID(compute, g, 0, i);
    for (int i = 0; i < width; i++)
        JOIN_VOID(compute);
}

static int setup_pattern(kernel_run *run, const task_bench_pattern *pattern)
{
    const long steps = run->size->n;
    const size_t bytes = (size_t)(steps * TASK_BENCH_WIDTH) * sizeof(point);
    if (!data_setup(run, sizeof(graph), bytes))
        return -ENOMEM;
    graph *g = DATA(graph, run);
    *g = (graph){.pattern = pattern,
                 .points = data_items(run),
                 .steps = steps,
                 .grain = run->grain ? run->grain : GRAIN};
    memset(g->points, 0, bytes);
    for (long step = 0; step + 1 < steps; step++)
        for (int i = 0; i < pattern->width(step); i++) {
            int next[TASK_BENCH_DEPENDENTS], count = pattern->dependents(step, i, next);
            for (int d = 0; d < count; d++)
                point_of(g, step + 1, next[d])->needs++;
        }
    return 0;
}

static void prepare(kernel_run *run)
{
    graph *g = DATA(graph, run);
    for (long at = 0; at < g->steps * TASK_BENCH_WIDTH; at++) {
        filch_u64_store(&g->points[at].sum, 0, FILCH_RELAXED);
        filch_u32_store(&g->points[at].waiting, g->points[at].needs, FILCH_RELAXED);
    }
    filch_u64_store(&g->answer, 0, FILCH_RELAXED);
}

static void run_pattern(void *place, kernel_run *run)
{
    RUN(place, compute_all, DATA(graph, run));
}

static void finish(kernel_run *run)
{
    run->answer = filch_u64_load(&DATA(graph, run)->answer, FILCH_RELAXED);
}

#define PATTERN(name_, at, label, what_, ...)                                                      \
    static int setup_##name_(kernel_run *run)                                                      \
    {                                                                                              \
        return setup_pattern(run, &task_bench_patterns[at]);                                       \
    }                                                                                              \
    const kernel KERNEL(tb_##name_) = {                                                            \
        .name = label,                                                                             \
        .what = what_,                                                                             \
        .source = "Slaughter and others, Task Bench, SC 2020",                                     \
        .stack_size = STACK,                                                                       \
        .grain = GRAIN,                                                                            \
        .shown = KERNEL_WITH_ALL,                                                                  \
        .sizes = __VA_ARGS__,                                                                      \
        .setup = setup_##name_,                                                                    \
        .prepare = prepare,                                                                        \
        .run = run_pattern,                                                                        \
        .finish = finish,                                                                          \
        .teardown = data_teardown,                                                                 \
    };

PATTERN(stencil, 0, "tb-stencil", "task graph: each point needs its neighbours of the step before",
        {{"8 steps", 8, 10765523513788999922u, 512},
         {"100 steps", 100, 14145065660565897112u, 6400},
         {"1000 steps", 1000, 9941476893821479212u, 64000}})
PATTERN(fft, 1, "tb-fft", "task graph: butterflies, each point needs two",
        {{"8 steps", 8, 18162821859427015844u, 512},
         {"100 steps", 100, 8241373235386251625u, 6400},
         {"1000 steps", 1000, 8727385004850553626u, 64000}})
PATTERN(tree, 2, "tb-tree", "task graph: from one point to 64 and back, again and again",
        {{"8 steps", 8, 15334261079488707384u, 159},
         {"400 steps", 400, 4987637879091355748u, 6252},
         {"1000 steps", 1000, 18368660359254763788u, 15702}})
PATTERN(random, 3, "tb-random", "task graph: each point needs three at random",
        {{"8 steps", 8, 8676420894183914827u, 512},
         {"100 steps", 100, 3561385267393011112u, 6400},
         {"1000 steps", 1000, 10472249338244020866u, 64000}})
