/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Bars: resident memory of each of 1,000,000 jobs that wait, with no data of their own: how much the
 * process has grown by when all have been submitted, while both workers are kept by a job that blocks
 * its thread. Each pool is in a process of its own, anew in each round. */
#include "child.h"
#include "pools.h"

#include <filch/atomic.h>

enum { WORKERS = 2 };

typedef struct gate {
    int closed[2]; /* a pipe: what reads of it blocks */
    filch_u32 inside;
} gate;

typedef struct memory_arm {
    const char *name;
    filch_pool_config config;
    long count;
} memory_arm;

static int block(filch_self self, filch_job *job, void *data)
{
    gate *g = data;
    char byte;
    (void)self, (void)job;
    filch_u32_add(&g->inside, 1, FILCH_RELAXED); /* a count, nothing more */
    return read(g->closed[0], &byte, 1) == 1 ? 0 : -EIO;
}

static void serve(child_process *c, void *context)
{
    const memory_arm *arm = context;
    gate g = {0};
    filch_pool *pool = pool_with(arm->config);
    while (child_ordered(c)) {
        if (pipe(g.closed))
            child_die(arm->name, "no pipe");
        for (int i = 0; i < WORKERS; i++)
            pool_check(FILCH_SUBMIT(pool, block, &g));
        while (filch_u32_load(&g.inside, FILCH_RELAXED) < WORKERS)
            measure_sleep(1e-3);
        long before = measure_status("VmRSS:");
        for (long i = 0; i < arm->count; i++)
            pool_check(FILCH_SUBMIT(pool, pool_nothing, NULL));
        double bytes = (double)(measure_status("VmRSS:") - before) * 1024 / (double)arm->count;
        if (write(g.closed[1], "..", WORKERS) != WORKERS)
            child_die(arm->name, "no end");
        pool_settle(pool, 0, arm->count + WORKERS);
        child_reply(c, &bytes, sizeof bytes);
    }
}

static double memory_once(void *context)
{
    memory_arm *arm = context;
    child_process process;
    double bytes;
    child_start(&process, arm->name, serve, arm);
    child_order(&process);
    child_await(&process, &bytes, sizeof bytes);
    child_stop(&process);
    return bytes;
}

int main(int argc, char **argv)
{
    static memory_arm contexts[] = {
        {.name = "default", .config = {.workers = WORKERS}},
        {.name = "fifo", .config = {.workers = WORKERS, .order = FILCH_FIFO}},
    };
    enum { ARMS = sizeof contexts / sizeof *contexts };
    static measure_arm arms[ARMS];
    measure_options options = measure_read_options(argc, argv, 1000000, "JOBS that wait");
    int count = 0;
    bool reached = true;
    char what[96];
    for (int i = 0; i < ARMS; i++)
        if (measure_wanted(&options, contexts[i].name)) {
            contexts[i].count = options.size;
            arms[count++] = (measure_arm){.name = contexts[i].name,
                                          .once = memory_once,
                                          .context = &contexts[i]};
        }
    measure_interleaved(arms, count, options.repeat);
    for (int i = 0; i < count; i++) {
        snprintf(what, sizeof what, "memory of a job that waits, order %s, bytes", arms[i].name);
        reached = measure_judge(what, measure_spread_of(arms[i].at, options.repeat),
                                MEASURE_AT_MOST, 128) &&
                  reached;
    }
    return reached ? 0 : 1;
}
