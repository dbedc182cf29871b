/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A shared object that uses Filch, loaded by a program that does not know of it. */
#include <tests/fault/unload/plugin.h>
#include <tests/support/tasks.h>

int plugin_live(void)
{
    for (unsigned q = 0; q < FIB_QUEUES; q++)
        if (fib_life(4, fib_queues[q], 15))
            return 1;
    return 0;
}

static signpost gone;

static void go(filch_self self, void *unused)
{
    (void)self, (void)unused;
    signpost_raise(&gone);
}

int plugin_go(void)
{
    enum { TASKS = 300 };
    filch_runtime *rt;
    uint32_t before = signpost_count(&gone);
    if (filch_runtime_create(&rt, &(filch_config){.workers = 2}))
        return 1;
    for (int i = 0; i < TASKS; i++)
        if (filch_go(rt, go, NULL))
            return 1;
    return filch_runtime_destroy(rt) || signpost_count(&gone) != before + TASKS;
}
