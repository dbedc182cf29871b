/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <tests/support/engine.h>
#include <tests/support/test.h>

filch_runtime *slots_runtime(unsigned workers, unsigned slots, const char *queue)
{
    filch_runtime *rt;
    filch_config config = {.workers = workers, .max_workers = slots, .queue = queue};
    if (filch_runtime_create(&rt, &config))
        filch_die("%s", filch_error());
    return rt;
}

void on_both(void (*what)(const char *queue))
{
    for (unsigned i = 0; i < 2; i++)
        what(fib_queues[i]);
}

/* ---- Holding workers ---- */

void slots_held(filch_self self, void *arg)
{
    hold *all = arg;
    filch_u32_add(&all->on[filch_worker_index()], 1, FILCH_RELAXED);
    signpost_raise(&all->came);
    signpost_wait(&all->go, 1);
    signpost_raise(&all->left);
}

void hold_workers(filch_runtime *rt, unsigned count)
{
    hold all = {0};
    for (unsigned i = 0; i < count; i++)
        OK(filch_go(rt, slots_held, &all));
    signpost_wait(&all.came, count);
    for (unsigned i = 0; i < SLOTS_MOST; i++)
        cr_assert_eq(filch_u32_load(&all.on[i], FILCH_RELAXED), i < count, "worker %u", i);
    signpost_raise(&all.go);
    signpost_wait(&all.left, count);
}

static bool is_resting(const filch_runtime *rt)
{
    return fl_idle_resting(fl_idle_look((fl_idle *)(uintptr_t)&rt->idle)) == rt->worker_set.most;
}

void wait_until_retired(filch_runtime *rt)
{
    unsigned active = filch_runtime_workers(rt), most = filch_runtime_max_workers(rt);
    WAIT_WHILE(!is_resting(rt) || fl_idle_sleepers(fl_idle_look(&rt->idle)) != active);
    cr_assert_leq(active, most);
}
