/* SPDX-License-Identifier: MIT OR Apache-2.0
 * test: needs refusals
 *
 * Forked tasks without memory. Those beyond a full fork stack continue until the reserve is used up; a
 * ready deque that cannot grow leaves tasks from outside in the inbox. Forks that find no place are not
 * lost: the process ends. */
#include <runtime/engine/external.h>
#include <runtime/engine/run_work.h>
#include <runtime/engine/worker.h>
#include <sched/deque.h>
#include <sched/forkstack.h>
#include <tests/support/engine.h>
#include <tests/support/refuse.h>
#include <tests/support/system.h>
#include <tests/support/tasks.h>
#include <tests/support/test.h>

/* ---- Beyond a full fork stack ---- */

FILCH_TASK(long, leaf, (long, n))
{
    return 3 * n + 1;
}

FILCH_TASK(long, forks, (long, count), (long, refused_from))
{
    long wrong = 0;
    for (long i = 0; i < count; i++) {
        if (i == refused_from)
            refuse(MEMORY, 0, true);
        FILCH_FORK(leaf, i);
    }
    refuse_no_more(MEMORY);
    for (long i = count; i--;) {
        FILCH_JOIN(long one, leaf);
        wrong += one != 3 * i + 1;
    }
    return wrong;
}

Test(refused_forks, excess_fills_the_reserve)
{
    for (unsigned workers = 1; workers <= 2; workers++) {
        filch_runtime *rt = runtime_at_rest(workers);
        cr_assert_eq(FILCH_RUN(rt, forks, FL_SLOTS - 1, FL_SLOTS - FL_RESERVE + 1), 0);
        cr_assert_eq(FILCH_RUN(rt, forks, 2 * FL_SLOTS, -1), 0);
        OK(filch_runtime_destroy(rt));
    }
}

enum { FITS = FL_SLOTS - FL_RESERVE };

FILCH_VOID_TASK(fails)
{
    FILCH_PANIC(-EXDEV, "a message");
}

/* Those beyond its stack have failed when it does. */
static void forks_failures_and_fails(filch_self self, void *unused)
{
    for (long i = 0; i < FITS; i++)
        FILCH_FORK(leaf, i);
    for (long i = 0; i < 2 * FL_RESERVE; i++)
        FILCH_FORK(fails);
    FILCH_PANIC(-EPROTO, "with unjoined forks");
}

FILCH_TASK(int, tries)
{
    return filch_try(self, forks_failures_and_fails, NULL, NULL);
}

/* Returns the number of blocks that are held after such a runtime. */
static int64_t blocks_after_excess(void)
{
    filch_runtime *rt = runtime_at_rest(1);
    cr_assert_eq(FILCH_RUN(rt, forks, 2 * FL_SLOTS, -1), 0);
    cr_assert_eq(FILCH_RUN(rt, tries), -EPROTO);
    OK(filch_runtime_destroy(rt));
    urcu_bp_barrier(); /* deques that grew leave their old buffers to it */
    return blocks_now();
}

Test(refused_forks, nothing_of_the_excess_stays)
{
    int64_t before = blocks_after_excess(); /* the first one leaves the topology behind */
    cr_assert_eq(blocks_after_excess(), before);
}

/* ---- A deque ---- */

static void keep(fl_deque *grown, fl_buffer *old)
{
}

Test(refused_forks, a_deque_without_its_first_buffer)
{
    static fl_deque deque;
    refuse(MEMORY, 0, false);
    cr_assert_eq(fl_deque_init(&deque, 2, keep), -ENOMEM);
    cr_assert_eq(refuse_no_more(MEMORY), 1);
    cr_assert_eq(fl_deque_init(&deque, 2, keep), 0);
    fl_deque_clear(&deque);
}

/* Readers of the old buffer are waited for where no memory is left to free it later. */
Test(refused_forks, a_growing_deque_keeps_no_buffer, .init = warm_up)
{
    static int item;
    filch_runtime *rt = NULL;
    filch_config config = {.workers = 1, .max_workers = 2};
    cr_assert_eq(filch_runtime_create(&rt, &config), 0, "%s", filch_error());
    WAIT_WHILE(fl_idle_sleepers(fl_idle_look(&rt->idle)) < 1);
    fl_deque *deque = &rt->worker[1]->ready; /* of no thread */
    int64_t before = blocks;
    for (unsigned i = 0; i < FL_READY_FIRST; i++)
        cr_assert_eq(fl_deque_push(deque, &item), 0);
    refuse(MEMORY, 1, false);
    cr_assert_eq(fl_deque_push(deque, &item), 0);
    cr_assert_eq(refuse_no_more(MEMORY), 1);
    cr_assert_eq(blocks, before);
    while (fl_deque_pop(deque))
        ;
    OK(filch_runtime_destroy(rt));
}

/* More forked tasks than its ready deque has room for. */
FILCH_TASK(int, fork_and_suspend, (filch_channel *, channel))
{
    enum { FORKS = FL_READY_FIRST + 2 };
    int item = 0;
    for (unsigned i = 0; i < FORKS; i++)
        FILCH_FORK(fib, 1);
    refuse(MEMORY, 0, false);
    filch_channel_receive(channel, &item);
    refuse_no_more(MEMORY);
    for (unsigned i = 0; i < FORKS; i++) {
        FILCH_JOIN(int one, fib);
        item += one;
    }
    return item;
}

static void suspend_without_memory(void)
{
    filch_runtime *rt = runtime_at_rest(1);
    filch_channel *channel;
    CHILD_CHECK(filch_channel_create(&channel, sizeof(int), 0) == 0);
    alarm(10);
    (void)FILCH_RUN(rt, fork_and_suspend, channel);
}

Test(refused_forks, suspending_with_forks_ends_the_process)
{
    struct child child;
    child_run(&child, suspend_without_memory);
    cr_assert(child_died(&child, "no memory to keep the unjoined forks"), "%s", child.text);
}

/* ---- A worker without a fiber whose ready deque is full ---- */

enum { FIBERS = 8 };

static signpost ran;
static fl_work_item items[FL_READY_FIRST], outside;

static void run_item(filch_self self, fl_work_item *item)
{
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
    OK(filch_runtime_create(&all->rt, &config));
    OK(filch_go(all->rt, slots_held, &all->first));
    signpost_wait(&all->first.came, 1);
    for (fl_fiber *fiber; (fiber = fl_fibers_get(&all->rt->fibers, fl_fiber_loop));) {
        fiber->next = all->taken;
        all->taken = fiber;
    }
    fill(&all->rt->worker[1]->ready); /* of no thread yet */
    OK(filch_runtime_resize(all->rt, 2));
    WAIT_WHILE(filch_u32_load(&all->rt->fibers.starve.asleep, FILCH_ACQUIRE) < 1);
}

Test(refused_forks, a_refused_task_is_not_taken)
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
    OK(filch_runtime_destroy(all.rt));
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

Test(refused_forks, stolen_forks_end_the_process)
{
    struct child child;
    child_run(&child, steal_without_memory);
    cr_assert(child_died(&child, "no memory to keep a ready task"), "0x%x: %s", child.status,
              child.text);
}
