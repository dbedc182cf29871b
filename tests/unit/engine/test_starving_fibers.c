/* SPDX-License-Identifier: MIT OR Apache-2.0
 * test: wraps fl_deque_steal
 *
 * The order in which a worker without a fiber looks for ready ones, and the tasks that it finds meanwhile. The test itself
 * takes all fibers, so that a second worker starves from its first look on. */
#include <runtime/engine/find_work.h>
#include <runtime/engine/park.h>
#include <runtime/engine/run_work.h>
#include <runtime/engine/suspend.h>
#include <tests/support/engine.h>
#include <tests/support/test.h>

enum { FIBERS = 8 };

static struct {
    filch_runtime *rt;
    filch_ptr parked[2];
    signpost came, go;
    uintptr_t first; /* the fiber that went on first */
    fl_fiber *taken[FIBERS];
    unsigned count;
} test;

static void keep(fl_worker *worker, fl_fiber *left, void *parked)
{
    filch_ptr_store(parked, left, FILCH_RELEASE);
}

/* Suspends until the test, or a worker, makes the fiber ready. */
static void park(filch_self self, uintptr_t number)
{
    fl_fiber_waits_in(fl_fiber_of(self), "a test", NULL);
    fl_suspend(self, keep, &test.parked[number]);
}

static fl_fiber *parked(unsigned number)
{
    WAIT_WHILE(!filch_ptr_load(&test.parked[number], FILCH_ACQUIRE));
    return filch_ptr_load(&test.parked[number], FILCH_ACQUIRE);
}

static void begin(void)
{
    filch_config config = {.workers = 1, .max_workers = 2, .max_fibers = FIBERS};
    memset(&test, 0, sizeof test);
    OK(filch_runtime_create(&test.rt, &config));
}

/* Takes all fibers, then starts the second worker. */
static void starve_second(void)
{
    fl_fiber *fiber;
    while ((fiber = fl_fibers_get(&test.rt->fibers, fl_fiber_loop)))
        test.taken[test.count++] = fiber;
    OK(filch_runtime_resize(test.rt, 2));
}

static void end(void)
{
    while (test.count)
        fl_fibers_put(&test.rt->fibers, test.taken[--test.count]);
    signpost_raise(&test.go);
    OK(filch_runtime_destroy(test.rt));
}

/* ---- Ready fibers ---- */

static void goes_on(filch_self self, void *number)
{
    park(self, (uintptr_t)number);
    if (!signpost_count(&test.came))
        test.first = (uintptr_t)number;
    signpost_raise(&test.came);
    signpost_wait(&test.go, 1);
}

/* Holds the first worker, which has the second fiber in its ready deque. */
static void holds_a_ready_fiber(filch_self self, void *begun)
{
    fl_resume(test.rt, parked(1));
    signpost_raise(begun);
    signpost_wait(&test.go, 1);
}

/* The fiber that the second worker resumes in that look, if the first lies in its own deque. */
static uintptr_t found_in(unsigned look)
{
    signpost begun = {0};
    begin();
    for (uintptr_t number = 0; number < 2; number++) {
        OK(filch_go(test.rt, goes_on, (void *)number));
        parked((unsigned)number);
    }
    OK(filch_go(test.rt, holds_a_ready_fiber, &begun));
    signpost_wait(&begun, 1);
    fl_worker *second = test.rt->worker[1]; /* of no thread yet */
    second->capped_looks = look;
    cr_assert_eq(fl_deque_push(&second->ready, fl_item(FL_ITEM_FIBER, parked(0))), 0);
    starve_second();
    signpost_wait(&test.came, 1);
    uintptr_t first = test.first;
    end();
    return first;
}

Test(starving_fibers, worker_prefers_own_ready_fiber)
{
    cr_assert_eq(found_in(1), 0);
}

Test(starving_fibers, due_look_prefers_other_workers_fiber)
{
    cr_assert_eq(found_in(0), 1);
}

/* Plays a thief that is faster, once. */
static filch_ptr robbed; /* fl_deque * */

enum fl_stolen __real_fl_deque_steal(fl_deque *deque, void **item);
enum fl_stolen __wrap_fl_deque_steal(fl_deque *deque, void **item);
enum fl_stolen __wrap_fl_deque_steal(fl_deque *deque, void **item)
{
    if (filch_ptr_load(&robbed, FILCH_ACQUIRE) != deque)
        return __real_fl_deque_steal(deque, item);
    filch_ptr_store(&robbed, NULL, FILCH_RELEASE);
    return FL_STEAL_LOST;
}

Test(starving_fibers, worker_forgets_stolen_item)
{
    begin();
    OK(filch_go(test.rt, goes_on, NULL));
    fl_worker *second = test.rt->worker[1];
    second->capped_looks = 1;
    cr_assert_eq(fl_deque_push(&second->ready, fl_item(FL_ITEM_FIBER, parked(0))), 0);
    hold first = {0};
    OK(filch_go(test.rt, slots_held, &first));
    signpost_wait(&first.came, 1);
    filch_ptr_store(&robbed, &second->ready, FILCH_RELEASE);
    starve_second();
    signpost_wait(&test.came, 1);
    cr_assert_null(filch_ptr_load(&robbed, FILCH_ACQUIRE));
    cr_assert_eq(fl_deque_size(&second->ready), 0);
    signpost_raise(&first.go);
    signpost_wait(&first.left, 1);
    end();
}

/* ---- Tasks ---- */

FILCH_VOID_TASK(holds_its_worker)
{
    signpost_raise(&test.came);
    signpost_wait(&test.go, 1);
}

FILCH_VOID_TASK(forks_two)
{
    FILCH_FORK(holds_its_worker);
    FILCH_FORK(holds_its_worker);
    park(self, 0);
    FILCH_JOIN_VOID(holds_its_worker);
    FILCH_JOIN_VOID(holds_its_worker);
}

static void begins_to_fork(filch_self self, void *unused)
{
    forks_two(self);
}

/* The first worker runs one of the two tasks; the other one lies in its ready deque. */
Test(starving_fibers, stolen_task_waits_for_free_fiber)
{
    begin();
    fl_starve *starve = &test.rt->fibers.starve;
    OK(filch_go(test.rt, begins_to_fork, NULL));
    parked(0);
    signpost_wait(&test.came, 1);
    starve_second();
    WAIT_WHILE(fl_deque_size(&test.rt->worker[1]->ready) < 1);
    WAIT_WHILE(filch_u32_load(&starve->asleep, FILCH_ACQUIRE) < 1);
    cr_assert_eq(signpost_count(&test.came), 1);
    fl_fibers_put(&test.rt->fibers, test.taken[--test.count]);
    signpost_wait(&test.came, 2);
    cr_assert_eq(filch_u32_load(&starve->starving, FILCH_ACQUIRE), 0);
    fl_resume(test.rt, parked(0));
    end();
}
