/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Runtimes of some workers and slots for more. A wait here for a number of threads is a wait for
 * tasks that hold a worker each: only that many workers can hold them. */
#ifndef SUPPORT_SLOTS_H
#define SUPPORT_SLOTS_H

#include <runtime/engine/worker.h>
#include <tests/support/fib.h>
#include <tests/support/patience.h>
#include <tests/support/signpost.h>
#include <tests/support/test.h>

enum { MOST = 8 };

static inline filch_runtime *runtime_of(unsigned workers, unsigned slots, const char *queue)
{
    filch_runtime *rt;
    filch_config config = {.workers = workers, .max_workers = slots, .queue = queue};
    if (filch_runtime_create(&rt, &config))
        filch_die("%s", filch_error());
    return rt;
}

static inline void on_both(void (*what)(const char *queue))
{
    for (unsigned i = 0; i < 2; i++)
        what(fib_queues[i]);
}

/* Returns how many there are then; -1: it failed. */
FILCH_TASK(int, resizes, (unsigned, workers))
{
    int rc = filch_runtime_resize(NULL, workers);
    return rc || fib(self, 12) != 144 ? -1 : (int)filch_runtime_workers(filch_runtime_here());
}

/* ---- Holding workers ---- */

typedef struct hold {
    signpost came, go, left;
    filch_u32 on[MOST]; /* which workers are held */
} hold;

static inline void held(filch_self self, void *arg)
{
    hold *all = arg;
    filch_u32_add(&all->on[filch_worker_index()], 1, FILCH_RELAXED);
    signpost_raise(&all->came);
    signpost_wait(&all->go, 1);
    signpost_raise(&all->left);
}

/* Waits until so many workers are held at once, then releases all. */
static inline void hold_workers(filch_runtime *rt, unsigned count)
{
    hold all = {0};
    for (unsigned i = 0; i < count; i++)
        OK(filch_go(rt, held, &all));
    signpost_wait(&all.came, count);
    for (unsigned i = 0; i < MOST; i++)
        cr_assert_eq(filch_u32_load(&all.on[i], FILCH_RELAXED), i < count, "worker %u", i);
    signpost_raise(&all.go);
    signpost_wait(&all.left, count);
}

static inline bool is_resting(const filch_runtime *rt)
{
    return fl_idle_resting(fl_idle_look((fl_idle *)(uintptr_t)&rt->idle)) == rt->worker_set.most;
}

static inline void wait_until_retired(filch_runtime *rt)
{
    unsigned active = filch_runtime_workers(rt), most = filch_runtime_max_workers(rt);
    WAIT_WHILE(!is_resting(rt) || fl_idle_sleepers(fl_idle_look(&rt->idle)) != active);
    cr_assert_leq(active, most);
}

#endif
