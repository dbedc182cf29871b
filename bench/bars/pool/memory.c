/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Bars: resident memory of each of 1,000,000 jobs that wait, by their options, or that have ended
 * and lie in a results list. It is the growth of the process when all have been submitted, while a
 * job that blocks its thread keeps each of the two workers. Memory of the caller (handles, keys) is
 * touched before. Each shape has a new process in each round. */
#include "../child.h"
#include "bars.h"

#include <filch/atomic.h>
#include <filch/results.h>
#include <string.h>

enum { WORKERS = 2, KEY = 24 };

typedef struct gate {
    int closed[2]; /* a pipe: reading it blocks */
    filch_u32 inside;
} gate;

typedef struct memory_arm {
    const char *name, *what;
    double most; /* bytes */
    filch_pool_order order;
    bool timeout, done, list, handle, key, context, ended;
    long count;
} memory_arm;

/* Beside the pool. */
typedef struct company {
    filch_results *list;
    filch_context *context;
    filch_job **handles;
    char (*keys)[KEY];
} company;

static int block(filch_self self, filch_job *job, void *data)
{
    gate *g = data;
    char byte;
    filch_u32_add(&g->inside, 1, FILCH_RELAXED); /* a count, nothing more */
    return read(g->closed[0], &byte, 1) == 1 ? 0 : -EIO;
}

static void told(filch_job *job, filch_outcome outcome, const filch_failure *why, void *data)
{
}

static company keep_company(const memory_arm *arm)
{
    company with = {0};
    if (arm->list)
        measure_check(filch_results_create(&with.list));
    if (arm->context)
        measure_check(filch_context_create(&with.context, NULL));
    if (arm->handle) {
        with.handles = pool_memory((size_t)arm->count, sizeof *with.handles);
        memset(with.handles, 1, (size_t)arm->count * sizeof *with.handles);
    }
    if (arm->key)
        with.keys = pool_memory((size_t)arm->count, sizeof *with.keys);
    for (long i = 0; i < arm->count && arm->key; i++)
        snprintf(with.keys[i], KEY, "%ld", i);
    return with;
}

static void submit_all(const memory_arm *arm, filch_pool *pool, const company *with)
{
    for (long i = 0; i < arm->count; i++) {
        const filch_job_options options = {.timeout = arm->timeout ? 3600 * FILCH_SECOND : 0,
                                           .done = arm->done ? told : NULL,
                                           .results = with->list,
                                           .context = with->context,
                                           .key = arm->key ? with->keys[i] : NULL};
        measure_check(filch_pool_submit(arm->handle ? &with->handles[i] : NULL, pool, pool_nothing,
                                        NULL, &options, FILCH_FOREVER));
    }
}

static void serve(child_process *c, void *context)
{
    const memory_arm *arm = context;
    gate g = {0};
    company with = keep_company(arm);
    filch_pool *pool = pool_with((filch_pool_config){.workers = WORKERS, .order = arm->order});
    while (child_ordered(c)) {
        if (pipe(g.closed))
            child_die(arm->name, "no pipe");
        for (int i = 0; i < WORKERS; i++)
            measure_check(FILCH_SUBMIT(pool, block, &g));
        while (filch_u32_load(&g.inside, FILCH_RELAXED) < WORKERS)
            measure_sleep(1e-3);
        long before = measure_status("VmRSS:"), after;
        submit_all(arm, pool, &with);
        after = measure_status("VmRSS:");
        if (write(g.closed[1], "..", WORKERS) != WORKERS)
            child_die(arm->name, "no end");
        pool_settle(pool, 0, arm->count + WORKERS);
        if (arm->ended)
            after = measure_status("VmRSS:");
        double bytes = (double)(after - before) * 1024 / (double)arm->count;
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

bool memory_judge(const bar *unused, const measure_options *options)
{
    static memory_arm contexts[] = {
        {"default", "of a bare job that waits, direct", 128, .order = FILCH_ANY},
        {"fifo", "of a bare job that waits, first in first out", 128, .order = FILCH_FIFO},
        {"timeout", "with a timeout", 256, FILCH_FIFO, .timeout = true},
        {"done", "with `done`", 192, FILCH_FIFO, .done = true},
        {"both", "with a timeout and `done`", 256, FILCH_FIFO, .timeout = true, .done = true},
        {"list", "with a results list", 192, FILCH_FIFO, .list = true},
        {"handle", "with a handle", 192, FILCH_FIFO, .handle = true},
        {"key", "with a key", 512, FILCH_FIFO, .key = true},
        {"context", "with a context of the caller's", 640, FILCH_FIFO, .context = true},
        {"ended", "of a job that ended, in a results list", 192, FILCH_FIFO, .list = true,
         .ended = true},
    };
    enum { ARMS = sizeof contexts / sizeof *contexts };
    static measure_arm arms[ARMS];
    int count = 0;
    bool reached = true;
    for (int i = 0; i < ARMS; i++)
        if (measure_wanted(options, contexts[i].name)) {
            contexts[i].count = options->size;
            arms[count++] = (measure_arm){.name = contexts[i].name,
                                          .once = memory_once,
                                          .context = &contexts[i]};
        }
    measure_interleaved(arms, count, options->repeat);
    for (int i = 0; i < count; i++) {
        const memory_arm *arm = arms[i].context;
        reached &= measure_judge_arm(measure_text("memory %s, bytes", arm->what), &arms[i], 1,
                                     options->repeat, MEASURE_AT_MOST, arm->most);
    }
    return reached;
}
