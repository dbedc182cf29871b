/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Results lists and submissions of many to which memory is refused, at each place in turn: accepted
 * jobs arrive, nothing else is waited for, and nothing is held. */
#include <filch/future.h>
#include <filch/results.h>
#include <tests/support/pools_refused.h>

enum { MANY = 300 };

static void *nothing[MANY];

TestSuite(refused_results, .init = warm_up_timer_thread);

Test(refused_results, a_list_that_cannot_be_had)
{
    filch_results *list = NULL;
    refuse(MEMORY, 0, false);
    cr_assert_eq(filch_results_create(&list), -ENOMEM);
    refuse_no_more(MEMORY);
    cr_assert(!list && strchr(filch_error(), ';'));
    nothing_held();
}

/* Some thousands of places: a step at a time. */
static void submissions_refused(filch_pool *pool, filch_results *list, int64_t step)
{
    for (int64_t at = 0, count = 1; count; at += step) {
        size_t accepted = MANY + 1, came = 0;
        filch_job *job;
        filch_job_options options = {.timeout = 3600 * FILCH_SECOND, .results = list};
        refuse(MEMORY, at, true);
        int rc = filch_pool_submit_all(pool, succeeds, nothing, MANY, list ? &options : NULL,
                                       FILCH_FOREVER, &accepted);
        count = refuse_no_more(MEMORY);
        cr_assert(rc ? rc == -ENOMEM && accepted < MANY : accepted == MANY, "%d", rc);
        cr_assert(!rc || strchr(filch_error(), ';'), "%s", filch_error());
        for (; list && came < accepted; came++) {
            cr_assert_eq(filch_results_take(list, &job, FILCH_FOREVER), 0);
            filch_job_release(job);
        }
        cr_assert_eq(filch_pool_wait(pool, FILCH_FOREVER), 0);
        cr_assert(!list || filch_results_take(list, &job, 0) == -ETIMEDOUT);
    }
}

Test(refused_results, of_many_the_first_so_many_are_accepted)
{
    filch_results *list = NULL;
    cr_assert_eq(filch_results_create(&list), 0);
    filch_pool *pool = pool_of((filch_pool_config){.workers = 2, .width = 2});
    submissions_refused(pool, list, 7);
    cr_assert_eq(filch_pool_destroy(pool), 0);
    cr_assert_eq(filch_results_destroy(list), 0);
}

Test(refused_results, plain_jobs_of_a_direct_pool_too)
{
    filch_pool *pool = pool_of((filch_pool_config){.workers = 2});
    submissions_refused(pool, NULL, 1);
    cr_assert_eq(filch_pool_destroy(pool), 0);
}

Test(refused_results, taking_and_futures_need_no_memory)
{
    filch_results *list = NULL;
    filch_future future = {0};
    filch_job *job, *taken;
    gate at = {0};
    cr_assert_eq(filch_results_create(&list), 0);
    filch_pool *pool = pool_of((filch_pool_config){.workers = 2, .width = 1});
    filch_job_options options = {.results = list};
    cr_assert_eq(filch_pool_submit(&job, pool, stand_still, &at, &options, FILCH_FOREVER), 0);
    signpost_wait(&at.begun, 1);
    refuse(MEMORY, 0, true);
    cr_assert_eq(filch_job_future(&future, job), 0);
    signpost_raise(&at.go);
    cr_assert_eq(filch_results_take(list, &taken, FILCH_FOREVER), 0);
    cr_assert_eq(filch_await(&future), 0);
    refuse_no_more(MEMORY);
    cr_assert_eq(job, taken);
    filch_job_release(job);
    filch_job_release(taken);
    cr_assert_eq(filch_pool_destroy(pool), 0);
    cr_assert_eq(filch_results_destroy(list), 0);
}
