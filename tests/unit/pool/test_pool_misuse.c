/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Error messages for calls that make no sense. */
#include <filch/future.h>
#include <filch/panic.h>
#include <tests/support/pools.h>
#include <tests/support/system.h>
#include <tests/support/tasks.h>
#include <tests/support/test.h>

Test(pool_misuse, null_pool_and_job_are_refused)
{
    filch_future future = {0};
    cr_assert_eq(filch_pool_resize(NULL, 1), -EINVAL);
    cr_assert_not_null(strstr(filch_error(), "filch_pool_resize"), "%s", filch_error());
    cr_assert_eq(filch_pool_wait(NULL, 0), -EINVAL);
    cr_assert_eq(filch_pool_shutdown(NULL, 0), -EINVAL);
    cr_assert_eq(filch_job_cancel(NULL), -EINVAL);
    cr_assert_eq(filch_job_set_priority(NULL, 1), -EINVAL);
    cr_assert_eq(filch_job_wait(NULL, 0), -EINVAL);
    cr_assert_not_null(strstr(filch_error(), "filch_job_wait"), "%s", filch_error());
    cr_assert_eq(filch_job_future(&future, NULL), -EINVAL);
    OK(filch_pool_destroy(NULL));
}

static filch_u32 answers;

static int waits_for_itself(filch_self self, filch_job *job, void *data)
{
    filch_u32_add(&answers, filch_job_wait(job, FILCH_FOREVER) == -EDEADLK, FILCH_ACQ_REL);
    return 0;
}

Test(pool_misuse, handleless_job_cannot_wait_for_itself)
{
    static const filch_pool_config configs[] = {{.workers = 2, .width = 1}, {.workers = 2}};
    for (unsigned i = 0; i < 2; i++) {
        filch_pool *pool = pool_of(configs[i]);
        cr_assert_eq(FILCH_SUBMIT(pool, waits_for_itself, NULL), 0);
        OK(filch_pool_destroy(pool));
    }
    cr_assert_eq(filch_u32_load(&answers, FILCH_ACQUIRE), 2);
}

static void release_twice(void)
{
    filch_pool *pool;
    filch_job *job;
    CHILD_CHECK(!filch_pool_create(&pool, &(filch_pool_config){.workers = 1, .width = 1}));
    CHILD_CHECK(!filch_pool_submit(&job, pool, succeeds, NULL, NULL, FILCH_FOREVER));
    CHILD_CHECK(!filch_pool_destroy(pool));
    filch_job_release(job);
    filch_job_release(job);
}

Test(pool_misuse, second_release_ends_process_with_reason)
{
    struct child child;
    child_run(&child, release_twice);
    cr_assert(child_died(&child, "of one that was released"), "%s", child.text);
}

Test(pool_misuse, bad_retry_policy_makes_no_pool)
{
    const filch_retry_policy bad = {.factor = -1};
    filch_pool *pool = NULL;
    cr_assert_eq(filch_pool_create(&pool, &(filch_pool_config){.workers = 1, .retry = &bad}),
                 -EINVAL);
    cr_assert_null(pool);
}

/* ---- Jobs without a handle ---- */

typedef struct plain {
    gate at;
    filch_job *job;
} plain;

static int tells_its_job(filch_self self, filch_job *job, void *data)
{
    plain *one = data;
    one->job = job;
    return stand_still(self, job, &one->at);
}

Test(pool_misuse, handleless_job_refuses_cancel_and_wait)
{
    static const filch_pool_config configs[] = {{.workers = 2, .width = 1}, {.workers = 2}};
    for (unsigned i = 0; i < 2; i++) {
        filch_pool *pool = pool_of(configs[i]);
        plain one = {0};
        cr_assert_eq(FILCH_SUBMIT(pool, tells_its_job, &one), 0);
        signpost_wait(&one.at.begun, 1);
        cr_assert_eq(filch_job_cancel(one.job), -EINVAL);
        cr_assert_not_null(strstr(filch_error(), "filch_job_cancel of a job without a handle"));
        cr_assert_eq(filch_job_wait(one.job, FILCH_FOREVER), -EINVAL);
        cr_assert_not_null(strstr(filch_error(), "filch_job_wait for a job without a handle"));
        signpost_raise(&one.at.go);
        OK(filch_pool_destroy(pool));
    }
}

/* ---- done ---- */

static filch_u32 refusals;

static void done_waits_for_its_pool(filch_job *job, filch_outcome outcome, const filch_failure *why,
                                    void *pool)
{
    filch_u32_add(&refusals, filch_pool_wait(pool, FILCH_FOREVER) == -EDEADLK, FILCH_ACQ_REL);
}

Test(pool_misuse, done_cannot_wait_for_its_pool)
{
    filch_pool *pool = pool_of((filch_pool_config){.workers = 2, .width = 1});
    cr_assert_eq(FILCH_SUBMIT_AS(pool, succeeds, pool, .done = done_waits_for_its_pool), 0);
    OK(filch_pool_wait(pool, FILCH_FOREVER));
    OK(filch_pool_destroy(pool));
    cr_assert_eq(filch_u32_load(&refusals, FILCH_ACQUIRE), 1);
}

static filch_u32 reports;

static void count_report(const filch_failure *failure)
{
    filch_u32_add(&reports, failure->code == -EIO, FILCH_ACQ_REL);
}

static void done_panics(filch_job *job, filch_outcome outcome, const filch_failure *why, void *data)
{
    FILCH_PANIC(-EIO, "in done");
}

Test(pool_misuse, done_panic_is_reported_outcome_stays)
{
    filch_set_panic_handler(count_report);
    filch_pool *pool = pool_of((filch_pool_config){.workers = 2, .width = 1});
    cr_assert_eq(FILCH_SUBMIT_AS(pool, succeeds, NULL, .done = done_panics), 0);
    OK(filch_pool_wait(pool, FILCH_FOREVER));
    cr_assert_eq(stats_of(pool).outcomes[FILCH_SUCCEEDED], 1);
    OK(filch_pool_destroy(pool));
    filch_set_panic_handler(NULL);
    cr_assert_eq(filch_u32_load(&reports, FILCH_ACQUIRE), 1);
}
