/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A worker without work keeps no fiber back: all but its own can be had by others, in each idle
 * mode. */
#include <runtime/engine/fiber.h>

#include <runtime/engine/run_work.h>
#include <runtime/engine/runtime.h>
#include <runtime/engine/suspend.h>
#include <tests/support/engine.h>
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

/* Workers return the fibers that they keep back when others need them: at the cap, and before they retire. */

enum { SPARES = 2 };

static filch_runtime *runtime(void)
{
    filch_runtime *rt = NULL;
    filch_config config = {.workers = 1, .max_workers = 2, .max_fibers = 1000};
    cr_assert_eq(filch_runtime_create(&rt, &config), 0, "%s", filch_error());
    return rt;
}

static void keep_spares(fl_worker *worker)
{
    for (unsigned i = 0; i < SPARES; i++) {
        fl_fiber *fiber = fl_fibers_get(&worker->rt->fibers, fl_fiber_loop);
        cr_assert_not_null(fiber);
        fiber->next = worker->spare;
        worker->spare = fiber;
        worker->spares++;
    }
}

Test(spare_fibers, cap_makes_worker_return_spares)
{
    filch_runtime *rt = runtime();
    fl_worker *worker = rt->worker[1]; /* of no thread yet */
    keep_spares(worker);
    fl_fiber *another = fl_fibers_get(&rt->fibers, fl_fiber_loop);
    cr_assert_not_null(another);
    filch_u32_store(&rt->fibers.capped, 1, FILCH_RELAXED);
    fl_fiber_recycle(worker, another);
    cr_assert_null(worker->spare);
    cr_assert_eq(worker->spares, 0);
    OK(filch_runtime_destroy(rt));
}

static void becomes_surplus(filch_self self, void *seen)
{
    fl_worker *worker = fl_worker_here();
    keep_spares(worker);
    OK(filch_runtime_resize(NULL, 1));
    filch_ptr_store(seen, worker, FILCH_RELEASE);
}

/* The first worker is held, so the second one runs the task that makes it surplus. */
Test(spare_fibers, a_retired_worker_keeps_none)
{
    filch_ptr seen = {NULL};
    hold first = {0};
    filch_runtime *rt = runtime();
    OK(filch_go(rt, slots_held, &first));
    signpost_wait(&first.came, 1);
    OK(filch_runtime_resize(rt, 2));
    OK(filch_go(rt, becomes_surplus, &seen));
    WAIT_WHILE(!filch_ptr_load(&seen, FILCH_ACQUIRE));
    signpost_raise(&first.go);
    wait_until_retired(rt);
    cr_assert_eq(filch_ptr_load(&seen, FILCH_ACQUIRE), rt->worker[1]);
    cr_assert_null(rt->worker[1]->spare);
    cr_assert_eq(rt->worker[1]->spares, 0);
    OK(filch_runtime_destroy(rt));
}
