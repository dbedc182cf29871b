/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A process that may use one CPU only: one worker by default, any number on demand, and nobody
 * waits by spinning. */
#include <pthread.h>
#include <sched.h>
#include <tests/support/system.h>
#include <tests/support/tasks.h>
#include <tests/support/test.h>

static void keep_one_cpu(void)
{
    cpu_set_t mask, one;
    CHILD_CHECK(sched_getaffinity(0, sizeof mask, &mask) == 0);
    int cpu = 0;
    while (!CPU_ISSET(cpu, &mask))
        cpu++;
    CPU_ZERO(&one);
    CPU_SET(cpu, &one);
    CHILD_CHECK(sched_setaffinity(0, sizeof one, &one) == 0);
}

static filch_runtime *runtime(unsigned workers, const char *queue)
{
    filch_runtime *rt = NULL;
    filch_config config = {.workers = workers, .queue = queue};
    CHILD_CHECK(filch_runtime_create(&rt, &config) == 0);
    return rt;
}

static void take_the_default(void)
{
    keep_one_cpu();
    filch_runtime *rt = runtime(0, NULL);
    CHILD_CHECK(filch_runtime_workers(rt) == 1);
    CHILD_CHECK(FILCH_RUN(rt, fib, 20) == serial_fib(20));
    CHILD_CHECK(filch_runtime_destroy(rt) == 0);
}

static signpost taken;

FILCH_VOID_TASK(take)
{
    signpost_raise(&taken);
}

/* Continues when another worker has run its forks: each join suspends or finds the task done. */
FILCH_VOID_TASK(give, (unsigned, times))
{
    for (unsigned i = 0; i < times; i++) {
        filch_u32_store(&taken, 0, FILCH_RELEASE);
        FILCH_FORK(take);
        signpost_wait(&taken, 1);
        FILCH_JOIN_VOID(take);
    }
}

static void take_many(void)
{
    static const unsigned workers[] = {1, 2, 8, 64};
    keep_one_cpu();
    for (unsigned w = 0; w < sizeof workers / sizeof workers[0]; w++)
        for (unsigned q = 0; q < FIB_QUEUES; q++) {
            filch_runtime *rt = runtime(workers[w], fib_queues[q]);
            CHILD_CHECK(filch_runtime_workers(rt) == workers[w]);
            CHILD_CHECK(FILCH_RUN(rt, fib, 18) == serial_fib(18));
            if (workers[w] > 1)
                FILCH_RUN(rt, give, 20);
            CHILD_CHECK(idle_process());
            CHILD_CHECK(filch_runtime_destroy(rt) == 0);
        }
}

/* A blocked task with a suspended join above it; the other workers have nothing to do. */
static int ends[2];

FILCH_VOID_TASK(block)
{
    char byte;
    signpost_raise(&taken);
    CHILD_CHECK(read(ends[0], &byte, 1) == 1);
}

FILCH_VOID_TASK(above)
{
    FILCH_FORK(block);
    signpost_wait(&taken, 1);
    FILCH_JOIN_VOID(block);
}

static void *run_above(void *rt)
{
    FILCH_RUN((filch_runtime *)rt, above);
    return NULL;
}

static void wait_for_a_blocked_task(void)
{
    keep_one_cpu();
    CHILD_CHECK(pipe(ends) == 0);
    for (unsigned q = 0; q < FIB_QUEUES; q++) {
        filch_runtime *rt = runtime(8, fib_queues[q]);
        pthread_t thread;
        filch_u32_store(&taken, 0, FILCH_RELEASE);
        CHILD_CHECK(pthread_create(&thread, NULL, run_above, rt) == 0);
        signpost_wait(&taken, 1);
        CHILD_CHECK(idle_process());
        CHILD_CHECK(write(ends[1], "", 1) == 1);
        pthread_join(thread, NULL);
        CHILD_CHECK(filch_runtime_destroy(rt) == 0);
    }
}

static void passes(void (*work)(void))
{
    struct child child;
    child_run(&child, work);
    cr_assert(child_passed(&child), "0x%x: %s", child.status, child.text);
}

Test(one_cpu, single_cpu_gives_single_worker)
{
    passes(take_the_default);
}

Test(one_cpu, any_worker_count_works_and_sleeps)
{
    passes(take_many);
}

Test(one_cpu, workers_sleep_while_task_blocks)
{
    passes(wait_for_a_blocked_task);
}
