/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Fibers in all states on one worker: two tasks wait, for a timer and a mutex; a third has just been made
 * ready by a fourth, which runs. For run.sh, which looks at them with gdb. */
#include <filch/filch.h>

static filch_mutex mutex;
static filch_semaphore semaphore;

static void holder(filch_self self, void *arg)
{
    (void)self;
    filch_mutex_lock(arg);
    filch_sleep(3600 * FILCH_SECOND);
}

static void wants_mutex(filch_self self, void *arg)
{
    (void)self;
    filch_mutex_lock(arg);
}

static void made_ready(filch_self self, void *arg)
{
    (void)self;
    filch_semaphore_acquire(arg, 1);
}

/* run.sh stops here. */
__attribute__((noinline)) void all_states(void);
void all_states(void)
{
    __asm__ volatile("");
}

static void makes_ready(filch_self self, void *arg)
{
    (void)self;
    filch_semaphore_give_back(arg, 1);
    all_states();
}

static unsigned suspended(filch_runtime *rt)
{
    filch_runtime_stats stats;
    filch_runtime_stats_read(rt, FILCH_ALL_WORKERS, &stats, sizeof stats);
    return (unsigned)stats.suspended;
}

int main(void)
{
    filch_runtime *rt;
    if (filch_runtime_create(&rt, &(filch_config){.workers = 1, .max_fibers = 8}))
        return 1;
    filch_semaphore_init(&semaphore, 0);
    filch_go(rt, holder, &mutex);
    while (suspended(rt) != 1)
        ;
    filch_go(rt, wants_mutex, &mutex);
    while (suspended(rt) != 2)
        ;
    filch_go(rt, made_ready, &semaphore);
    while (suspended(rt) != 3)
        ;
    filch_go(rt, makes_ready, &semaphore);
    return filch_runtime_destroy(rt); /* not before holder has slept: run.sh ends the process */
}
