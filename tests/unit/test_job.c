/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <criterion/criterion.h>
#include <pthread.h>
#include <runtime/core/job.h>
#include <stdlib.h>

enum { MANY = 5000 };

static int by_address(const void *a, const void *b)
{
    uintptr_t left = (uintptr_t) * (fl_job *const *)a, right = (uintptr_t) * (fl_job *const *)b;
    return left < right ? -1 : left > right;
}

static void take_many(fl_job **jobs)
{
    for (int i = 0; i < MANY; i++) {
        jobs[i] = fl_job_take();
        cr_assert_not_null(jobs[i]);
    }
}

static void give_many(fl_job **jobs)
{
    for (int i = 0; i < MANY; i++)
        fl_job_give(jobs[i]);
}

Test(job, jobs_in_use_are_all_different)
{
    static fl_job *jobs[MANY];
    for (int round = 0; round < 3; round++) {
        take_many(jobs);
        qsort(jobs, MANY, sizeof jobs[0], by_address);
        for (int i = 1; i < MANY; i++)
            cr_assert_neq(jobs[i], jobs[i - 1]);
        give_many(jobs);
    }
}

Test(job, a_job_given_back_is_taken_again)
{
    fl_job *job = fl_job_take();
    fl_job_give(job);
    cr_assert_eq(fl_job_take(), job);
    fl_job_give(job);
}

static void *give_on_another_thread(void *jobs)
{
    give_many(jobs);
    return NULL;
}

/* Submitters take what workers give: the pool in between hands them on. */
Test(job, jobs_given_on_another_thread_come_back)
{
    static fl_job *first[MANY], *second[MANY];
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
    (void)unused;
    fl_job *held[200];
    for (int round = 0; round < 200; round++) {
        for (int i = 0; i < 200; i++) {
            held[i] = fl_job_take();
            held[i]->as.detached.arg = &held[i];
        }
        for (int i = 0; i < 200; i++)
            if (held[i]->as.detached.arg != &held[i])
                return held[i];
            else
                fl_job_give(held[i]);
    }
    return NULL;
}

Test(job, no_two_threads_hold_the_same_job)
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

Test(job, items_keep_their_kind_and_what_they_point_to)
{
    static FILCH_ALIGNED(64) char what[64];
    for (int kind = FL_ITEM_JOB; kind < FL_ITEM_MASK; kind++) {
        void *item = fl_item((enum fl_item)kind, what);
        cr_assert_eq((int)fl_item_kind(item), kind);
        cr_assert_eq(fl_item_what(item), what);
    }
}
