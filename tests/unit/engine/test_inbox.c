/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* test: memcheck */
#include <pthread.h>

#include <runtime/engine/external.h>
#include <runtime/engine/find_work.h>
#include <runtime/engine/inbox.h>
#include <runtime/engine/worker.h>
#include <sched.h>
#include <sched/deque.h>
#include <tests/support/engine.h>
#include <tests/support/test.h>

enum { PRODUCERS = 4, EACH = 20000, MOST = 16 };

static fl_inbox inbox;
static fl_work_item posted[PRODUCERS][EACH];

static void lay_out(void)
{
    fl_inbox_init(&inbox);
}

TestSuite(inbox, .init = lay_out);

Test(inbox, take_returns_oldest_up_to_limit)
{
    fl_work_item *got[MOST];
    cr_assert(fl_inbox_empty(&inbox));
    cr_assert_eq(fl_inbox_take(&inbox, got, MOST), 0);
    for (int i = 0; i < 5; i++)
        fl_inbox_put(&inbox, &posted[0][i]);
    cr_assert_not(fl_inbox_empty(&inbox));
    cr_assert_eq(fl_inbox_take(&inbox, got, 3), 3);
    for (int i = 0; i < 3; i++)
        cr_assert_eq(got[i], &posted[0][i]);
    fl_inbox_put(&inbox, &posted[0][5]);
    cr_assert_eq(fl_inbox_take(&inbox, got, MOST), 3);
    for (int i = 0; i < 3; i++)
        cr_assert_eq(got[i], &posted[0][3 + i]);
    cr_assert(fl_inbox_empty(&inbox));
}

Test(inbox, put_all_keeps_single_put_order)
{
    fl_work_item *all[MOST], *got[MOST + 1];
    for (int i = 0; i < MOST; i++)
        all[i] = &posted[0][i];
    fl_inbox_put_all(&inbox, all, 1);
    fl_inbox_put_all(&inbox, all + 1, 5);
    fl_inbox_put(&inbox, all[6]);
    fl_inbox_put_all(&inbox, all + 7, MOST - 7);
    cr_assert_eq(fl_inbox_take(&inbox, got, MOST + 1), MOST);
    for (int i = 0; i < MOST; i++)
        cr_assert_eq(got[i], all[i]);
    cr_assert(fl_inbox_empty(&inbox));
}

Test(inbox, take_during_drain_gets_nothing)
{
    fl_work_item *got[MOST];
    fl_inbox_put(&inbox, &posted[0][0]);
    filch_u32_store(&inbox.draining, 1, FILCH_RELEASE);
    cr_assert_eq(fl_inbox_take(&inbox, got, MOST), 0);
    cr_assert_not(fl_inbox_empty(&inbox), "nobody may sleep on it");
    filch_u32_store(&inbox.draining, 0, FILCH_RELEASE);
    cr_assert_eq(fl_inbox_take(&inbox, got, MOST), 1);
}

static void *produce(void *mine)
{
    fl_work_item *at = mine;
    for (int i = 0; i < EACH; i++) {
        at[i].as.detached.arg = &at[i];
        fl_inbox_put(&inbox, &at[i]);
    }
    return NULL;
}

static filch_u32 taken;

/* Returns NULL when all it took was whole, and each producer's work items came in their order. */
static void *drain(void *unused)
{
    fl_work_item *got[MOST], *last[PRODUCERS] = {NULL};
    while (filch_u32_load(&taken, FILCH_ACQUIRE) < PRODUCERS * EACH) {
        unsigned count = fl_inbox_take(&inbox, got, MOST);
        if (!count)
            sched_yield();
        for (unsigned i = 0; i < count; i++) {
            long producer = (got[i] - posted[0]) / EACH;
            if (got[i]->as.detached.arg != got[i] || (last[producer] && got[i] <= last[producer]))
                return got[i];
            last[producer] = got[i];
        }
        filch_u32_add(&taken, count, FILCH_ACQ_REL);
    }
    return NULL;
}

Test(inbox, nothing_is_lost_doubled_or_overtaken)
{
    enum { DRAINERS = 2 };
    pthread_t producers[PRODUCERS], drainers[DRAINERS];
    for (int i = 0; i < DRAINERS; i++)
        cr_assert_eq(pthread_create(&drainers[i], NULL, drain, NULL), 0);
    for (int i = 0; i < PRODUCERS; i++)
        cr_assert_eq(pthread_create(&producers[i], NULL, produce, posted[i]), 0);
    for (int i = 0; i < PRODUCERS; i++)
        pthread_join(producers[i], NULL);
    for (int i = 0; i < DRAINERS; i++) {
        void *wrong;
        pthread_join(drainers[i], &wrong);
        cr_assert_null(wrong);
    }
    cr_assert_eq(filch_u32_load(&taken, FILCH_ACQUIRE), PRODUCERS * EACH);
    cr_assert(fl_inbox_empty(&inbox));
}

/* Submissions from outside have their turn beside a worker that never runs out of its own work. */

enum { OUTSIDE = 1000, OWN_FOR_EACH = 10 };
static signpost arrived;
static unsigned own;

/* One after the other, each some microseconds long, until all from outside have come. */
static void feed_itself(filch_self self, void *rt)
{
    own++;
    for (int64_t end = filch_now() + 3000; filch_now() < end;)
        filch_pause();
    if (signpost_count(&arrived) < OUTSIDE)
        OK(filch_go(rt, feed_itself, rt));
}

static void come(filch_self self, void *unused)
{
    signpost_raise(&arrived);
}

Test(inbox_turn, busy_worker_takes_items_in_batches)
{
    occupation busy;
    filch_runtime *rt = occupied_runtime(&busy);
    OK(filch_go(rt, feed_itself, rt));
    for (unsigned i = 0; i < OUTSIDE; i++)
        OK(filch_go(rt, come, NULL));
    signpost_raise(&busy.over);
    OK(filch_runtime_destroy(rt));
    cr_assert_lt(own, OUTSIDE * OWN_FOR_EACH, "%u", own);
}

enum { MOVED = 33 }; /* one more than a worker moves at a time */

static void *submit_three(void *rt)
{
    for (int i = 0; i < 3; i++)
        OK(filch_go(rt, come, NULL));
    return NULL;
}

/* Looks into the inbox as a find does, and gives the item back. */
FILCH_VOID_TASK(takes_one_beside_many)
{
    filch_runtime *rt = filch_runtime_here();
    fl_worker *worker = fl_worker_here();
    pthread_t thread;
    fl_work work;
    for (int i = 0; i < MOVED; i++)
        OK(filch_go(rt, come, NULL));
    cr_assert_eq(pthread_create(&thread, NULL, submit_three, rt), 0);
    pthread_join(thread, NULL);
    cr_assert_eq(fl_deque_size(&worker->ready), MOVED);
    cr_assert(fl_take_inbox(worker, &work));
    cr_assert_eq(worker->drained, 1);
    cr_assert_eq(fl_deque_size(&worker->ready), MOVED, "it moves none");
    fl_start(rt, work.work_item);
}

Test(inbox_turn, loaded_worker_takes_single_items)
{
    filch_runtime *rt = config_runtime(0, 0);
    arrived = (signpost){0};
    FILCH_RUN(rt, takes_one_beside_many);
    OK(filch_runtime_destroy(rt));
    cr_assert_eq(signpost_count(&arrived), MOVED + 3);
}

/* ---- Job ---- */

enum { MANY = 5000 };

static int by_address(const void *a, const void *b)
{
    uintptr_t left = (uintptr_t) * (fl_work_item *const *)a,
              right = (uintptr_t) * (fl_work_item *const *)b;
    return left < right ? -1 : left > right;
}

static void take_many(fl_work_item **work_items)
{
    for (int i = 0; i < MANY; i++) {
        work_items[i] = fl_work_item_take();
        cr_assert_not_null(work_items[i]);
    }
}

static void give_many(fl_work_item **work_items)
{
    for (int i = 0; i < MANY; i++)
        fl_work_item_give(work_items[i]);
}

Test(work_item, jobs_in_use_are_all_different)
{
    static fl_work_item *work_items[MANY];
    for (int round = 0; round < 3; round++) {
        take_many(work_items);
        qsort(work_items, MANY, sizeof work_items[0], by_address);
        for (int i = 1; i < MANY; i++)
            cr_assert_neq(work_items[i], work_items[i - 1]);
        give_many(work_items);
    }
}

Test(work_item, given_back_job_is_taken_again)
{
    fl_work_item *work_item = fl_work_item_take();
    fl_work_item_give(work_item);
    cr_assert_eq(fl_work_item_take(), work_item);
    fl_work_item_give(work_item);
}

static void *give_on_another_thread(void *work_items)
{
    give_many(work_items);
    return NULL;
}

/* Submitters take what workers give: the pool in between hands them on. */
Test(work_item, jobs_return_from_other_threads)
{
    static fl_work_item *first[MANY], *second[MANY];
    pthread_t thread;
    take_many(first);
    cr_assert_eq(pthread_create(&thread, NULL, give_on_another_thread, first), 0);
    pthread_join(thread, NULL);
    qsort(first, MANY, sizeof first[0], by_address);
    take_many(second);
    unsigned again = 0;
    for (int i = 0; i < MANY; i++)
        again += bsearch(&second[i], first, MANY, sizeof first[0], by_address) != NULL;
    cr_assert_gt(again, MANY / 2);
    give_many(second);
}

static void *take_and_give(void *unused)
{
    fl_work_item *held[200];
    for (int round = 0; round < 200; round++) {
        for (int i = 0; i < 200; i++) {
            held[i] = fl_work_item_take();
            held[i]->as.detached.arg = &held[i];
        }
        for (int i = 0; i < 200; i++)
            if (held[i]->as.detached.arg != &held[i])
                return held[i];
            else
                fl_work_item_give(held[i]);
    }
    return NULL;
}

Test(work_item, threads_never_hold_same_job)
{
    pthread_t threads[4];
    for (int i = 0; i < 4; i++)
        cr_assert_eq(pthread_create(&threads[i], NULL, take_and_give, NULL), 0);
    for (int i = 0; i < 4; i++) {
        void *wrong;
        pthread_join(threads[i], &wrong);
        cr_assert_null(wrong);
    }
}

Test(work_item, items_keep_kind_and_pointer)
{
    static FILCH_ALIGNED(64) char what[64];
    for (int kind = FL_ITEM_WORK; kind < FL_ITEM_MASK; kind++) {
        void *item = fl_item((enum fl_item)kind, what);
        cr_assert_eq((int)fl_item_kind(item), kind);
        cr_assert_eq(fl_item_what(item), what);
    }
}
