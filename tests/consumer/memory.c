/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A program that starts every kind of thread the library has: workers, threads for blocking calls,
 * the timer thread. With an argument it ends while its runtime is there. */
#include <filch/filch.h>
#include <filch/pools.h>
#include <stdio.h>

static int waits(filch_self self, filch_job *job, void *unused)
{
    (void)self, (void)job, (void)unused;
    return filch_sleep(FILCH_MILLISECOND);
}

static void blocks(void *unused)
{
    (void)unused;
}

static void calls(filch_self self, void *done)
{
    (void)self;
    filch_blocking(blocks, NULL);
    filch_waitgroup_done(done);
}

int main(int argc, char **argv)
{
    enum { MANY = 4 };
    filch_runtime *rt;
    filch_pool *pool;
    filch_waitgroup done = {0};
    (void)argv;
    if (filch_runtime_create(&rt, &(filch_config){.workers = 2}) ||
        filch_pool_create(&pool, &(filch_pool_config){.runtime = rt, .width = 2}))
        return fprintf(stderr, "memory: %s\n", filch_error()), 1;
    filch_waitgroup_add(&done, MANY);
    for (int i = 0; i < MANY; i++)
        if (FILCH_SUBMIT_AS(pool, waits, NULL, .timeout = FILCH_SECOND) ||
            filch_go(rt, calls, &done))
            return fprintf(stderr, "memory: %s\n", filch_error()), 1;
    filch_waitgroup_wait(&done);
    filch_pool_destroy(pool);
    puts("done");
    return argc > 1 ? 0 : filch_runtime_destroy(rt);
}
