/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Futures of jobs: done when the job has its outcome, and with it. */
#include <filch/future.h>
#include <tests/support/pools.h>
#include <tests/support/test.h>

enum { MANY = 50 };

static const struct row {
    filch_job_fn *fn;
    int64_t timeout;
    int code;
} rows[] = {
    {succeeds, 0, 0},
    {fails, 0, -EIO},
    {panics, 0, -EBADMSG},
    {waits_for_its_context, FILCH_MILLISECOND, -ETIMEDOUT},
};
enum { ROWS = sizeof rows / sizeof *rows };

static void expect(filch_future *future, int code)
{
    cr_assert_eq(filch_await(future), code);
    const filch_failure *why = filch_future_failure(future);
    cr_assert_eq(why ? why->code : 0, code);
    if (!code)
        cr_assert_eq(FILCH_VALUE(filch_outcome, future), FILCH_SUCCEEDED);
}

/* Two before it has an outcome, perhaps, and one after that. */
static void is_told(filch_pool *pool, const struct row *row)
{
    filch_future early[2] = {0}, late = {0};
    filch_job *job = job_of(pool, row->fn, NULL, &(filch_job_options){.timeout = row->timeout});
    for (unsigned i = 0; i < 2; i++)
        cr_assert_eq(filch_job_future(&early[i], job), 0, "%s", filch_error());
    for (unsigned i = 0; i < 2; i++)
        expect(&early[i], row->code);
    cr_assert_neq(filch_job_outcome(job), FILCH_UNDECIDED);
    OK(filch_job_future(&late, job));
    cr_assert(filch_future_done(&late));
    filch_job_release(job);
    expect(&late, row->code);
}

Test(job_future, reports_every_job_outcome)
{
    for (unsigned c = 0; c < CONFIGS; c++) {
        filch_runtime *rt = config_runtime(c, 10000);
        for (unsigned width = 0; width < 3; width++) { /* 0: direct */
            filch_pool *pool = pool_of((filch_pool_config){.runtime = rt, .width = width});
            for (unsigned i = 0; i < ROWS; i++)
                is_told(pool, &rows[i]);
            OK(filch_pool_destroy(pool));
        }
        OK(filch_runtime_destroy(rt));
    }
}

Test(job_future, future_survives_release_of_handle)
{
    gate at;
    filch_future future = {0};
    filch_pool *pool = pool_of((filch_pool_config){.workers = 2, .width = 1});
    block(pool, &at);
    filch_job *job = job_of(pool, fails, NULL, NULL);
    OK(filch_job_future(&future, job));
    filch_job_release(job);
    cr_assert_not(filch_future_done(&future));
    cr_assert_eq(filch_await_until(&future, filch_in(FILCH_MILLISECOND)), -ETIMEDOUT);
    signpost_raise(&at.go);
    OK(filch_pool_destroy(pool));
    expect(&future, -EIO);
}

Test(job_future, cancelled_and_dropped_jobs_break_it)
{
    gate at;
    filch_future futures[2] = {0};
    filch_pool *pool = pool_of((filch_pool_config){
        .workers = 2, .width = 1, .capacity = 1, .full = FILCH_FULL_DROP_OLDEST});
    block(pool, &at);
    filch_job *dropped = job_of(pool, succeeds, NULL, NULL);
    OK(filch_job_future(&futures[0], dropped));
    filch_job *cancelled = job_of(pool, succeeds, NULL, NULL);
    OK(filch_job_future(&futures[1], cancelled));
    expect(&futures[0], -ENOBUFS);
    OK(filch_job_cancel(cancelled));
    expect(&futures[1], -ECANCELED);
    filch_job_release(dropped);
    filch_job_release(cancelled);
    signpost_raise(&at.go);
    OK(filch_pool_destroy(pool));
}

/* ---- Graphs ---- */

static void expect_all(filch_pool *pool, filch_job_fn *odd, int code)
{
    filch_future futures[MANY] = {0}, all = {0}, *at[MANY];
    for (unsigned i = 0; i < MANY; i++) {
        filch_job *job = job_of(pool, i == 13 ? odd : succeeds, NULL, NULL);
        OK(filch_job_future(at[i] = &futures[i], job));
        filch_job_release(job);
    }
    OK(filch_when_all(&all, at, MANY));
    cr_assert_eq(filch_await(&all), code);
}

Test(job_future, all_of_many_jobs)
{
    for (unsigned c = 0; c < CONFIGS; c++) {
        filch_runtime *rt = config_runtime(c, 10000);
        filch_pool *pool = pool_of((filch_pool_config){.runtime = rt, .width = 3});
        expect_all(pool, succeeds, 0);
        expect_all(pool, panics, -EBADMSG);
        OK(filch_pool_destroy(pool));
        OK(filch_runtime_destroy(rt));
    }
}

Test(job_future, the_first_of_several_jobs)
{
    filch_future futures[3] = {0}, any = {0}, *at[3];
    gate gates[3] = {0};
    filch_pool *pool = pool_of((filch_pool_config){.workers = 2, .width = 3});
    for (unsigned i = 0; i < 3; i++) {
        filch_job *job = job_of(pool, stand_still, &gates[i], NULL);
        OK(filch_job_future(at[i] = &futures[i], job));
        filch_job_release(job);
    }
    OK(filch_when_any(&any, at, 3, NULL));
    signpost_raise(&gates[1].go);
    OK(filch_await(&any));
    cr_assert_eq(FILCH_VALUE(size_t, &any), 1);
    signpost_raise(&gates[0].go);
    signpost_raise(&gates[2].go);
    OK(filch_pool_destroy(pool));
    for (unsigned i = 0; i < 3; i++)
        expect(&futures[i], 0);
}

/* ---- Mistakes ---- */

static int tries_itself(filch_self self, filch_job *job, void *rc)
{
    filch_future future = {0};
    *(int *)rc = filch_job_future(&future, job);
    return 0;
}

Test(job_future, misuse_is_reported)
{
    gate at;
    int rc = 0, value = 1;
    filch_future future = {0}, set = {0};
    filch_pool *pool = pool_of((filch_pool_config){.workers = 2});
    cr_assert_eq(FILCH_SUBMIT(pool, tries_itself, &rc), 0);
    OK(filch_pool_wait(pool, FILCH_FOREVER));
    cr_assert_eq(rc, -EINVAL, "nobody has a handle");
    at = (gate){0};
    filch_job *job = job_of(pool, stand_still, &at, NULL);
    OK(filch_future_set(&set, &value, sizeof value));
    cr_assert_eq(filch_job_future(&set, job), -EALREADY);
    OK(filch_job_future(&future, job));
    cr_assert_eq(filch_job_future(&future, job), -EALREADY);
    cr_assert_eq(filch_future_set(&future, &value, sizeof value), -EALREADY);
    cr_assert_eq(filch_future_break(&future), -EBUSY);
    signpost_raise(&at.go);
    expect(&future, 0);
    filch_job_release(job);
    OK(filch_pool_destroy(pool));
}
