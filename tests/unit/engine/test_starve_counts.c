/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A worker without a fiber is counted while it sleeps, and relieved by each fiber that another thread
 * makes ready, alone or with others. */
#include <runtime/engine/runtime.h>
#include <tests/support/tasks.h>
#include <tests/support/test.h>

enum { TASKS = 20 };

static signpost ended;

static void receives_one(filch_self self, void *from)
{
    int item;
    filch_channel_receive(from, &item);
    signpost_raise(&ended);
}

static void stays_and_receives_one(filch_self self, void *from)
{
    filch_stay_begin(self);
    receives_one(self, from);
    filch_stay_end(self);
}

/* On one worker, whose fibers all wait. */
static filch_runtime *starving_on(filch_channel *items, filch_go_fn *receives)
{
    filch_runtime *rt = NULL;
    filch_config config = {.workers = 1, .max_fibers = 4};
    cr_assert_eq(filch_runtime_create(&rt, &config), 0, "%s", filch_error());
    for (unsigned i = 0; i < TASKS; i++)
        OK(filch_go(rt, receives, items));
    WAIT_WHILE(!filch_u32_load(&rt->fibers.starve.asleep, FILCH_ACQUIRE));
    return rt;
}

static void feed(filch_channel *items, int count)
{
    for (int i = 0; i < count; i++)
        OK(filch_channel_send(items, &i));
}

Test(starve_counts, fiber_readied_by_thread_relieves_worker)
{
    static filch_go_fn *const receives[] = {receives_one, stays_and_receives_one};
    for (unsigned i = 0; i < 2; i++) {
        filch_channel *items = channel_of(sizeof(int), 0);
        filch_runtime *rt = starving_on(items, receives[i]);
        uint32_t before = filch_u32_load(&rt->fibers.starve.relief, FILCH_ACQUIRE);
        feed(items, 1);
        cr_assert_neq(filch_u32_load(&rt->fibers.starve.relief, FILCH_ACQUIRE), before);
        feed(items, TASKS - 1);
        OK(filch_runtime_destroy(rt));
        filch_channel_destroy(items);
    }
}

Test(starve_counts, enough_fibers_leave_no_worker_asleep)
{
    filch_channel *items = channel_of(sizeof(int), 0);
    filch_runtime *rt = starving_on(items, receives_one);
    feed(items, TASKS);
    signpost_wait(&ended, TASKS);
    cr_assert_eq(filch_u32_load(&rt->fibers.starve.asleep, FILCH_ACQUIRE), 0);
    cr_assert_eq(filch_u32_load(&rt->fibers.starve.starving, FILCH_ACQUIRE), 0);
    OK(filch_runtime_destroy(rt));
    filch_channel_destroy(items);
}

/* ---- Timers that are due together ---- */

static int64_t morning;

static void sleeps_until_morning(filch_self self, void *unused)
{
    filch_sleep_until(morning);
    signpost_raise(&ended);
}

/* Returns the relief of a worker whose fibers all sleep for so long; 0: they had slept too short. */
static uint32_t relief_in_the_morning(int64_t night)
{
    filch_runtime *rt = NULL;
    ended = (signpost){0};
    morning = filch_in(night);
    OK(filch_runtime_create(&rt, &(filch_config){.workers = 1, .max_fibers = 4}));
    for (unsigned i = 0; i < TASKS; i++)
        OK(filch_go(rt, sleeps_until_morning, NULL));
    WAIT_WHILE(!filch_u32_load(&rt->fibers.starve.asleep, FILCH_ACQUIRE) && filch_now() < morning);
    uint32_t before = filch_u32_load(&rt->fibers.starve.relief, FILCH_ACQUIRE);
    bool early = filch_now() < morning;
    signpost_wait(&ended, TASKS);
    uint32_t after = filch_u32_load(&rt->fibers.starve.relief, FILCH_ACQUIRE);
    OK(filch_runtime_destroy(rt));
    cr_assert(!early || after > before, "%u", after - before);
    return early ? after - before : 0;
}

Test(starve_counts, fiber_batch_from_timer_relieves_worker)
{
    for (int64_t night = 50 * FILCH_MILLISECOND; !relief_in_the_morning(night);)
        night *= 2;
}
