/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A worker without work keeps no fiber back: all but its own can be had by others, in each idle
 * mode. */
#include <runtime/engine/fiber.h>
#include <runtime/engine/runtime.h>
#include <tests/support/tasks.h>
#include <tests/support/test.h>

enum { FIBERS = 1000, TASKS = 6 }; /* so many that a worker may keep some */

static signpost ended;

static void receives_one(filch_self self, void *from)
{
    int item;
    filch_channel_receive(from, &item);
    signpost_raise(&ended);
}

/* Fibers that run or wait, or that a worker keeps back. */
static unsigned kept(filch_runtime *rt)
{
    fl_fibers *fibers = &rt->fibers;
    pthread_mutex_lock(&fibers->lock);
    unsigned count = fibers->count;
    for (unsigned i = 0; i < fibers->arenas; i++)
        count -= fibers->arena[i]->idle;
    pthread_mutex_unlock(&fibers->lock);
    return count;
}

static void uses_fibers_and_idles(const char *idle)
{
    filch_channel *items = channel_of(sizeof(int), 0);
    filch_runtime *rt =
        mode_runtime((filch_config){.idle = idle, .workers = 1, .max_fibers = FIBERS});
    for (unsigned i = 0; i < TASKS; i++)
        OK(filch_go(rt, receives_one, items));
    channel_wait_for(items, TASKS); /* each on a fiber of its own */
    for (int i = 0; i < TASKS; i++)
        OK(filch_channel_send(items, &i));
    signpost_wait(&ended, TASKS);
    WAIT_WHILE(kept(rt) > 1);
    OK(filch_runtime_destroy(rt));
    filch_channel_destroy(items);
}

Test(spares, a_worker_that_sleeps_keeps_none)
{
    uses_fibers_and_idles("sleep");
}

Test(spares, awake_worker_keeps_no_spares)
{
    uses_fibers_and_idles("spin");
}
