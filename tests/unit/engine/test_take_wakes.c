/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A busy worker that moves items to its ready deque wakes another worker for them, a thief of half
 * never grows its own deque, and a due find looks at surplus workers. */
#include <pthread.h>
#include <runtime/engine/external.h>
#include <runtime/engine/find_work.h>
#include <runtime/engine/inbox.h>
#include <runtime/engine/park.h>
#include <runtime/engine/steal.h>
#include <sched/request.h>
#include <tests/support/engine.h>
#include <tests/support/test.h>

enum { LONG = FL_AGAIN_LEAST + 8 }; /* items of a deque to which a thief comes back */

static struct {
    signpost ran;
    fl_work_item items[LONG];
} test;

static void run_item(filch_self self, fl_work_item *item)
{
    signpost_raise(&test.ran);
}

static void start(unsigned items)
{
    test.ran = (signpost){0};
    for (unsigned i = 0; i < items; i++)
        fl_work_item_be_part(&test.items[i], run_item);
}

static void push(fl_worker *worker, unsigned from, unsigned to)
{
    for (unsigned i = from; i < to; i++)
        cr_assert_eq(fl_deque_push(&worker->ready, fl_item(FL_ITEM_WORK, &test.items[i])), 0);
}

/* The other worker of two sleeps, and nothing is to be done. One that only naps is woken by nobody. */
static void wait_for_sleeper(filch_runtime *rt)
{
    WAIT_WHILE(fl_idle_sleepers(fl_idle_look(&rt->idle)) < 1);
    const fl_worker *other = rt->worker[1 - filch_worker_index()];
    WAIT_WHILE(filch_u32_load(&other->park_word, FILCH_ACQUIRE) != FL_PARK_PARKED ||
               fl_idle_look(&rt->idle) & FL_IDLE_NAPPING);
}

/* A woken worker may sleep again, but not before it has run an item. */
static bool has_woken_the_sleeper(filch_runtime *rt)
{
    const fl_worker *other = rt->worker[1 - filch_worker_index()];
    return filch_u32_load(&other->park_word, FILCH_ACQUIRE) != FL_PARK_PARKED ||
           signpost_count(&test.ran);
}

/* Holds its worker until another one has run an item that this one moved. */
FILCH_VOID_TASK(takes_from_the_inbox)
{
    fl_work work;
    fl_worker *worker = fl_worker_here();
    fl_runtime *rt = worker->rt;
    start(3);
    wait_for_sleeper(rt);
    push(worker, 0, 1); /* so that it takes more than one of the two */
    fl_inbox_put(&rt->inbox, &test.items[1]);
    fl_inbox_put(&rt->inbox, &test.items[2]);
    cr_assert(fl_take_inbox(worker, &work));
    cr_assert(has_woken_the_sleeper(rt));
    cr_assert_eq(worker->drained, 2);
    signpost_wait(&test.ran, 2);
    cr_assert_eq(work.work_item, &test.items[1]);
    fl_start(rt, work.work_item);
}

Test(take_wakes, inbox_move_wakes_another_worker)
{
    filch_runtime *rt = slots_runtime(2, 2, NULL);
    FILCH_RUN(rt, takes_from_the_inbox);
    OK(filch_runtime_destroy(rt));
    cr_assert_eq(signpost_count(&test.ran), 3);
}

FILCH_VOID_TASK(comes_back_to_a_long_deque)
{
    fl_work work;
    fl_worker *worker = fl_worker_here();
    fl_runtime *rt = worker->rt;
    fl_worker *victim = rt->worker[2]; /* of no thread */
    start(LONG);
    push(victim, 0, LONG);
    wait_for_sleeper(rt);
    worker->robbed = victim;
    cr_assert(fl_steal_ready_again(worker, &work));
    cr_assert(has_woken_the_sleeper(rt));
    cr_assert_eq(work.work_item, &test.items[0]);
    unsigned moved = (unsigned)fl_request_more(LONG);
    signpost_wait(&test.ran, moved);
    fl_start(rt, work.work_item);
    while ((work.work_item = fl_item_what(fl_steal_item_from(worker, victim))))
        fl_start(rt, work.work_item);
}

Test(take_wakes, returning_thief_wakes_another_worker)
{
    filch_runtime *rt = slots_runtime(2, 3, NULL);
    FILCH_RUN(rt, comes_back_to_a_long_deque);
    OK(filch_runtime_destroy(rt));
    cr_assert_eq(signpost_count(&test.ran), LONG);
}

FILCH_VOID_TASK(publishes_many)
{
    fl_work_item *const all[] = {&test.items[0], &test.items[1], &test.items[2]};
    fl_worker *worker = fl_worker_here();
    start(3);
    wait_for_sleeper(worker->rt);
    cr_assert_eq(fl_push_ready_all(worker, all, 3), 3);
    cr_assert(has_woken_the_sleeper(worker->rt));
    signpost_wait(&test.ran, 1);
}

Test(take_wakes, bulk_publisher_wakes_another_worker)
{
    filch_runtime *rt = slots_runtime(2, 2, NULL);
    FILCH_RUN(rt, publishes_many);
    OK(filch_runtime_destroy(rt));
    cr_assert_eq(signpost_count(&test.ran), 3);
}

enum { HALVED = 2 * FL_READY_FIRST + 9 }; /* half of it is more than fits into a new deque */

static fl_work_item many[HALVED];
static signpost filled, robbed;

/* Keeps its worker. */
static void fills_its_deque(filch_self self, void *unused)
{
    for (unsigned i = 0; i < HALVED; i++) {
        fl_work_item_be_part(&many[i], run_item);
        cr_assert_eq(fl_deque_push(&fl_worker_here()->ready, fl_item(FL_ITEM_WORK, &many[i])), 0);
    }
    signpost_raise(&filled);
    signpost_wait(&robbed, 1);
}

FILCH_VOID_TASK(takes_half)
{
    fl_work work;
    fl_worker *worker = fl_worker_here();
    OK(filch_go(NULL, fills_its_deque, NULL)); /* the other worker steals it */
    signpost_wait(&filled, 1);
    cr_assert(fl_steal_ready(worker, &work));
    cr_assert_eq(fl_deque_size(&worker->ready), FL_READY_FIRST);
    fl_start(worker->rt, work.work_item);
    signpost_raise(&robbed);
}

Test(take_wakes, half_steal_fits_thief_deque)
{
    filch_runtime *rt;
    OK(filch_runtime_create(&rt, &(filch_config){.workers = 2, .take = "half"}));
    test.ran = (signpost){0};
    FILCH_RUN(rt, takes_half);
    OK(filch_runtime_destroy(rt));
    cr_assert_eq(signpost_count(&test.ran), HALVED);
}

enum { SURPLUS = 3 }; /* the number of that source in runtime/engine/find_work.c */

FILCH_VOID_TASK(takes_in_turn)
{
    fl_work work;
    fl_worker *worker = fl_worker_here();
    push(worker->rt->worker[1], 0, 1); /* it is retired */
    worker->turn = SURPLUS;
    cr_assert(fl_take_in_turn(worker, &work));
    cr_assert_eq(work.work_item, &test.items[0]);
    fl_start(worker->rt, work.work_item);
}

Test(take_wakes, due_find_takes_from_surplus_worker)
{
    filch_runtime *rt = slots_runtime(2, 2, NULL);
    OK(filch_runtime_resize(rt, 1));
    wait_until_retired(rt);
    start(1);
    FILCH_RUN(rt, takes_in_turn);
    OK(filch_runtime_destroy(rt));
    cr_assert_eq(signpost_count(&test.ran), 1);
}
