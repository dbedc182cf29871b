/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Two tasks wait: one for a mutex, one for a timer. For run.sh, which looks at them with gdb. */
#include <filch/filch.h>

static filch_mutex mutex;

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

static unsigned suspended(filch_runtime *rt)
{
    filch_stats stats;
    filch_runtime_stats_read(rt, &stats, sizeof stats);
    return (unsigned)stats.suspended;
}

/* run.sh stops here. */
__attribute__((noinline)) void both_wait(void);
void both_wait(void)
{
    __asm__ volatile("");
}

int main(void)
{
    filch_runtime *rt;
    if (filch_runtime_create(&rt, &(filch_config){.workers = 1}))
        return 1;
    filch_go(rt, holder, &mutex);
    while (suspended(rt) != 1)
        ;
    filch_go(rt, wants_mutex, &mutex);
    while (suspended(rt) != 2)
        ;
    both_wait();
    return 0;
}
