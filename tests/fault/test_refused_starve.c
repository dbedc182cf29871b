/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A worker without a fiber whose ready deque is full, while the system refuses memory: tasks from outside stay in the inbox. */
#include <runtime/engine/execute.h>
#include <runtime/engine/outside.h>
#include <tests/support/refuse.h>
#include <tests/support/slots.h>

enum { FIBERS = 8 };

static signpost ran;
static fl_work_item items[FL_READY_FIRST], outside;

static void run_item(filch_self self, fl_work_item *item)
{
    (void)self, (void)item;
    signpost_raise(&ran);
}

static void fill(fl_deque *ready)
{
    for (unsigned i = 0; !fl_deque_full(ready); i++) {
        fl_work_item_be_part(&items[i], run_item);
        cr_assert_eq(fl_deque_push(ready, fl_item(FL_ITEM_WORK, &items[i])), 0);
    }
    fl_work_item_be_part(&outside, run_item);
}

/* The first worker is held, and the test takes all fibers, so that the second worker starves. */
Test(refused_starve, a_task_for_which_there_is_no_memory_is_not_counted_as_taken)
{
    filch_runtime *rt = NULL;
    hold first = {0};
    fl_fiber *fiber, *taken = NULL;
    filch_config config = {.workers = 1, .max_workers = 2, .max_fibers = FIBERS};
    cr_assert_eq(filch_runtime_create(&rt, &config), 0);
    cr_assert_eq(filch_go(rt, held, &first), 0);
    signpost_wait(&first.came, 1);
    while ((fiber = fl_fibers_get(&rt->fibers, fl_fiber_loop))) {
        fiber->next = taken;
        taken = fiber;
    }
    fl_worker *second = rt->worker[1]; /* of no thread yet */
    fill(&second->ready);
    cr_assert_eq(filch_runtime_resize(rt, 2), 0);
    WAIT_WHILE(filch_u32_load(&rt->fibers.starve.asleep, FILCH_ACQUIRE) < 1);
    refuse(MEMORY, 0, true);
    fl_start(rt, &outside);
    WAIT_WHILE(__atomic_load_n(&refusals[MEMORY].count, __ATOMIC_ACQUIRE) < 2);
    uint64_t counted = filch_u64_load(&second->counters[FL_OUTSIDE], FILCH_RELAXED);
    refuse_no_more(MEMORY);
    cr_assert_eq(counted, 0);
    while ((fiber = taken)) {
        taken = fiber->next;
        fl_fibers_put(&rt->fibers, fiber);
    }
    signpost_raise(&first.go);
    cr_assert_eq(filch_runtime_destroy(rt), 0);
    cr_assert_eq(signpost_count(&ran), FL_READY_FIRST + 1);
}
