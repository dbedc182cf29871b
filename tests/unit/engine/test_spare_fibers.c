/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Workers return the fibers that they keep back when others need them: at the cap, and before they retire. */
#include <runtime/engine/run_work.h>
#include <runtime/engine/suspend.h>
#include <tests/support/engine.h>
#include <tests/support/test.h>

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
