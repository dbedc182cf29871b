/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Handles: their cost, and their life beyond the pool's. */
#include <filch/results.h>
#include <runtime/pool/pool.h>
#include <tests/support/pools.h>

/* A caller that waited for it would wait for ever. */
Test(job_handle, the_outcome_of_a_job_that_succeeded_takes_no_lock)
{
    filch_pool *pool = pool_of((filch_pool_config){.workers = 1, .width = 1});
    filch_job *job = job_of(pool, succeeds, NULL, NULL);
    cr_assert_eq(filch_job_wait(job, FILCH_FOREVER), 0);
    fl_lock(&pool->room.lock);
    cr_assert_eq(filch_job_wait(job, 0), 0);
    cr_assert_eq(filch_job_outcome(job), FILCH_SUCCEEDED);
    fl_unlock(&pool->room.lock);
    cr_assert_eq(filch_job_cancel(job), -EALREADY);
    filch_job_release(job);
    cr_assert_eq(filch_pool_destroy(pool), 0);
}

static int cancels_itself(filch_self self, filch_job *job, void *data)
{
    (void)self, (void)data;
    return filch_job_cancel(job);
}

Test(job_handle, a_job_that_was_cancelled_and_succeeds_has_a_cancelled_context)
{
    filch_pool *pool = pool_of((filch_pool_config){.workers = 1, .width = 1});
    filch_job *job = job_of(pool, cancels_itself, NULL, NULL);
    cr_assert_eq(filch_job_wait(job, FILCH_FOREVER), 0);
    cr_assert_eq(filch_context_cause(filch_job_context(job)), -ECANCELED);
    filch_job_release(job);
    cr_assert_eq(filch_pool_destroy(pool), 0);
}

/* By a handle, from a results list, by both; accepted or refused. The last release frees the
 * pool. */
Test(job_handle, a_job_may_be_asked_after_its_pool_is_gone)
{
    filch_results *results;
    filch_job *job, *handles[4];
    cr_assert_eq(filch_results_create(&results), 0);
    filch_pool *pool = pool_of((filch_pool_config){.workers = 2, .width = 2});
    for (unsigned i = 0; i < 4; i++) {
        const filch_job_options options = {.results = i & 1 ? results : NULL,
                                           .timeout = i & 2 ? FILCH_SECOND * 3600 : 0};
        cr_assert_eq(filch_pool_submit(&handles[i], pool, succeeds, NULL, &options, FILCH_FOREVER),
                     0);
    }
    cr_assert_eq(filch_pool_submit(NULL, pool, succeeds, NULL,
                                   &(filch_job_options){.results = results}, FILCH_FOREVER),
                 0);
    filch_pool_close(pool);
    cr_assert_eq(filch_pool_submit(&job, pool, succeeds, NULL, NULL, 0), -EPIPE);
    cr_assert_eq(filch_pool_destroy(pool), 0);
    for (unsigned i = 0; i < 4; i++) {
        cr_assert_eq(filch_job_outcome(handles[i]), FILCH_SUCCEEDED);
        cr_assert_eq(filch_context_cause(filch_job_context(handles[i])), 0);
        filch_job_release(handles[i]);
    }
    cr_assert_eq(filch_results_take(results, &job, 0), 0);
    cr_assert_eq(filch_job_wait(job, 0), 0);
    filch_job_release(job);
    cr_assert_eq(filch_results_destroy(results), 0, "with the other two");
}
