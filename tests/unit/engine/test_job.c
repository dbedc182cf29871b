/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <pthread.h>
#include <runtime/engine/inbox.h>
#include <tests/support/test.h>

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
