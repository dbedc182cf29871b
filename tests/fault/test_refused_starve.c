/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A worker without a fiber whose ready deque is full, while the system refuses memory: tasks from
 * outside stay in the inbox; forked tasks, which the inbox cannot hold, end the process. */
#include <runtime/engine/execute.h>
#include <runtime/engine/outside.h>
#include <tests/support/child.h>
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

typedef struct starving {
    filch_runtime *rt;
    hold first;
    fl_fiber *taken;
} starving;

/* The first worker is held, and the test takes all fibers, so that the second worker starves. */
static void starve(starving *all)
{
    filch_config config = {.workers = 1, .max_workers = 2, .max_fibers = FIBERS};
    *all = (starving){0};
    cr_assert_eq(filch_runtime_create(&all->rt, &config), 0);
    cr_assert_eq(filch_go(all->rt, held, &all->first), 0);
    signpost_wait(&all->first.came, 1);
    for (fl_fiber *fiber; (fiber = fl_fibers_get(&all->rt->fibers, fl_fiber_loop));) {
        fiber->next = all->taken;
        all->taken = fiber;
    }
    fill(&all->rt->worker[1]->ready); /* of no thread yet */
    cr_assert_eq(filch_runtime_resize(all->rt, 2), 0);
    WAIT_WHILE(filch_u32_load(&all->rt->fibers.starve.asleep, FILCH_ACQUIRE) < 1);
}

Test(refused_starve, a_task_for_which_there_is_no_memory_is_not_counted_as_taken)
{
    starving all;
    starve(&all);
    refuse(MEMORY, 0, true);
    fl_start(all.rt, &outside);
    WAIT_WHILE(__atomic_load_n(&refusals[MEMORY].count, __ATOMIC_ACQUIRE) < 2);
    uint64_t counted = filch_u64_load(&all.rt->worker[1]->counters[FL_OUTSIDE], FILCH_RELAXED);
    refuse_no_more(MEMORY);
    cr_assert_eq(counted, 0);
    for (fl_fiber *fiber; (fiber = all.taken);) {
        all.taken = fiber->next;
        fl_fibers_put(&all.rt->fibers, fiber);
    }
    signpost_raise(&all.first.go);
    cr_assert_eq(filch_runtime_destroy(all.rt), 0);
    cr_assert_eq(signpost_count(&ran), FL_READY_FIRST + 1);
}

enum { FORKED = 8 };
static filch_slot slots[FORKED];

/* Forked tasks lie in the deque of the first worker; the second one steals one, and has no place for
 * it. */
static void steal_without_memory(void)
{
    starving all;
    alarm(60);
    starve(&all);
    refuse(MEMORY, 0, false);
    for (unsigned i = 0; i < FORKED; i++)
        CHILD_CHECK(!fl_deque_push(&all.rt->worker[0]->ready, fl_item(FL_ITEM_SLOT, &slots[i])));
    fl_relieve(&all.rt->fibers.starve);
    pause();
}

Test(refused_starve, forked_tasks_for_which_there_is_no_memory_end_the_process)
{
    struct child child;
    child_run(&child, steal_without_memory);
    cr_assert(child_died(&child, "no memory to keep a ready task"), "0x%x: %s", child.status,
              child.text);
}
