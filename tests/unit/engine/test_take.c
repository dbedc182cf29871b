/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Take modes: how many forked tasks a gift holds, and how many items a thief takes from a ready
 * deque. Each test holds the victim until the thief has been there, so the counts are exact. */
#include <runtime/engine/worker.h>

#include <pthread.h>
#include <runtime/engine/external.h>
#include <runtime/engine/find_work.h>
#include <runtime/engine/inbox.h>
#include <runtime/engine/park.h>
#include <runtime/engine/steal.h>
#include <sched/request.h>
#include <tests/support/engine.h>
#include <tests/support/tasks.h>
#include <tests/support/test.h>

static const char *const takes[] = {"adaptive", "one", "half"};
enum { ADAPTIVE, ONE, HALF, TAKES };
static filch_runtime *runtime_with(unsigned take, unsigned workers)
{
    return mode_runtime((filch_config){.take = takes[take], .workers = workers});
}

/* ---- Forked tasks ---- */

enum { SHALLOW = BUILD_TINY ? 3 : 16, DEEP = 150 }; /* below FL_HALF_FROM, above */
static signpost taken, begun;

FILCH_TASK(int, leaf, (int, at))
{
    signpost_raise(&begun);
    return at;
}

/* Forks some, then forks and joins until a thief, which it answers in this mode, has begun with
 * something. */
FILCH_TASK(int, loop, (int, count))
{
    int sum = 0;
    for (int i = 0; i < count; i++)
        FILCH_FORK(leaf, i);
    while (signpost_count(&begun) == 0) {
        FILCH_FORK(fib, 0);
        FILCH_JOIN(long none, fib);
        sum += (int)none;
    }
    for (int i = 0; i < count; i++) {
        FILCH_JOIN(int one, leaf);
        sum += one;
    }
    return sum;
}

/* Has any gift several tasks? Whether a thief comes before the owner joins is chance, hence
 * often. */
static bool gives_many(unsigned take, int forked)
{
    enum { TIMES = 50 };
    filch_runtime *rt = runtime_with(take, 2);
    filch_runtime_stats stats = {0};
    for (int i = 0; i < TIMES && stats.gift_tasks == stats.gifts; i++) {
        filch_u32_store(&begun, 0, FILCH_SEQ_CST);
        cr_assert_eq(FILCH_RUN(rt, loop, forked), forked * (forked - 1) / 2);
        stats = mode_stats(rt);
    }
    filch_runtime_destroy(rt);
    return stats.gift_tasks > stats.gifts;
}

Test(take_modes, half_mode_gives_half_shallow_stack)
{
    cr_assert(gives_many(HALF, SHALLOW));
    cr_assert_not(gives_many(ADAPTIVE, SHALLOW));
    cr_assert_not(gives_many(ONE, SHALLOW));
}

Test(take_modes, one_mode_never_gives_many)
{
    cr_assert(gives_many(HALF, DEEP));
    cr_assert_not(gives_many(ONE, DEEP));
}

/* ---- Items of ready deques ---- */

enum { JOBS = BUILD_TINY ? 4 : 64 };
static signpost may_steal, ran;
static int64_t thief_has;

/* The first one that the thief runs looks what else it took. */
static void look(filch_self self, void *arg)
{
    fl_worker *here = fl_worker_here();
    if (filch_u32_add(&ran, 1, FILCH_ACQ_REL) == 0)
        thief_has = fl_deque_size(&here->ready);
}

static void hold_thief(filch_self self, void *arg)
{
    signpost_raise(&taken);
    signpost_wait(&may_steal, 1);
}

FILCH_TASK(int, submit_all, (int, count))
{
    filch_go(NULL, hold_thief, NULL);
    signpost_wait(&taken, 1); /* by the other worker, since this one is here */
    for (int i = 0; i < count; i++)
        filch_go(NULL, look, NULL);
    signpost_raise(&may_steal);
    signpost_wait(&ran, (uint32_t)count); /* the thief runs them all */
    return count;
}

static int64_t taken_besides(unsigned take)
{
    filch_runtime *rt = runtime_with(take, 2);
    filch_u32_store(&taken, 0, FILCH_SEQ_CST);
    filch_u32_store(&may_steal, 0, FILCH_SEQ_CST);
    filch_u32_store(&ran, 0, FILCH_SEQ_CST);
    cr_assert_eq(FILCH_RUN(rt, submit_all, JOBS), JOBS);
    filch_runtime_destroy(rt);
    return thief_has;
}

Test(take_modes, half_mode_takes_half_ready_deque)
{
    cr_assert_leq(taken_besides(ADAPTIVE), BUILD_TINY ? 2 : 7); /* if it comes back for more */
    cr_assert_eq(taken_besides(ONE), 0);
    cr_assert_eq(taken_besides(HALF), BUILD_TINY ? 1 : (JOBS - 1) / 2);
}

/* ---- Everything else ---- */

Test(take_modes, few_and_many_workers_answer_correctly)
{
    for (unsigned take = 0; take < TAKES; take++)
        for (unsigned i = 0; i < MODE_SIZES; i++) {
            filch_runtime *rt = runtime_with(take, config_workers[i]);
            cr_assert_eq(FILCH_RUN(rt, fib, 16), serial_fib(16));
            filch_u32_store(&begun, 1, FILCH_SEQ_CST);
            cr_assert_eq(FILCH_RUN(rt, loop, DEEP), DEEP * (DEEP - 1) / 2);
            for (int k = 0; k < JOBS; k++)
                OK(filch_go(rt, look, NULL));
            OK(filch_runtime_destroy(rt));
        }
}

Test(take_modes, the_mode_is_described)
{
    mode_is_described(runtime_with(HALF, 1), "take         half: ");
}

/* A busy worker that moves items to its ready deque wakes another worker for them, a thief of half
 * never grows its own deque, and a due find looks at surplus workers. */

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
