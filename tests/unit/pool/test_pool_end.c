/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * How pools and jobs end before their time: closing, shutting down, cancelling, another width; from
 * outside and from a job of the pool. */
#include <tests/support/pools.h>
#include <tests/support/test.h>

static signpost ran;

static int runs(filch_self self, filch_job *job, void *data)
{
    signpost_raise(&ran);
    return 0;
}

static signpost outcomes[FILCH_OUTCOMES];

static void count_it(filch_job *job, filch_outcome outcome, const filch_failure *why, void *data)
{
    signpost_raise(&outcomes[outcome]);
}

/* One in progress, `waiting` in the queue. */
static filch_pool *busy_pool(gate *at, unsigned waiting)
{
    filch_pool *pool = pool_of((filch_pool_config){.workers = 2, .width = 1});
    ran = (signpost){0};
    for (unsigned i = 0; i < FILCH_OUTCOMES; i++)
        outcomes[i] = (signpost){0};
    block(pool, at);
    for (unsigned i = 0; i < waiting; i++)
        cr_assert_eq(FILCH_SUBMIT_AS(pool, runs, NULL, .done = count_it), 0);
    return pool;
}

/* ---- Closing ---- */

Test(pool_end, closed_pool_finishes_but_accepts_nothing)
{
    gate at;
    filch_pool *pool = busy_pool(&at, 5);
    filch_pool_close(pool);
    filch_pool_close(pool);
    cr_assert_eq(FILCH_SUBMIT(pool, runs, NULL), -EPIPE);
    cr_assert_eq(filch_pool_wait(pool, 0), -ETIMEDOUT);
    cr_assert_eq(filch_pool_wait(pool, filch_in(FILCH_MILLISECOND)), -ETIMEDOUT);
    cr_assert_eq(filch_pool_wait(pool, -1), -EINVAL);
    signpost_raise(&at.go);
    OK(filch_pool_wait(pool, FILCH_FOREVER));
    cr_assert_eq(signpost_count(&ran), 5);
    cr_assert_eq(signpost_count(&outcomes[FILCH_SUCCEEDED]), 5);
    OK(filch_pool_destroy(pool));
}

static signpost refused;

static void submits_until_closed(filch_self self, void *pool)
{
    while (FILCH_SUBMIT((filch_pool *)pool, runs, NULL) != -EPIPE)
        ;
    signpost_raise(&refused);
}

Test(pool_end, close_refuses_submitters_awaiting_room)
{
    for (unsigned c = 0; c < CONFIGS; c++) {
        gate at;
        filch_runtime *rt = config_runtime(c, 10000);
        filch_pool *pool = pool_of((filch_pool_config){.workers = 2, .width = 1, .capacity = 3});
        refused = (signpost){0};
        block(pool, &at);
        for (unsigned i = 0; i < 10; i++)
            OK(filch_go(rt, submits_until_closed, pool));
        if (c % 2)
            filch_sleep(FILCH_MILLISECOND);
        filch_pool_close(pool);
        signpost_wait(&refused, 10);
        signpost_raise(&at.go);
        OK(filch_pool_destroy(pool));
        OK(filch_runtime_destroy(rt));
    }
}

/* ---- Shutting down ---- */

static int until_cancelled(filch_self self, filch_job *job, void *begun)
{
    signpost_raise(begun);
    return filch_context_wait(filch_job_context(job), FILCH_FOREVER);
}

Test(pool_end, shutdown_now_cancels_waiting_and_running)
{
    signpost begun = {0};
    filch_context *apart;
    filch_pool *pool = pool_of((filch_pool_config){.workers = 2, .width = 2});
    OK(filch_context_create(&apart, NULL));
    for (unsigned i = 0; i < FILCH_OUTCOMES; i++)
        outcomes[i] = (signpost){0};
    ran = (signpost){0};
    cr_assert_eq(FILCH_SUBMIT_AS(pool, until_cancelled, &begun, .done = count_it), 0);
    cr_assert_eq(FILCH_SUBMIT_AS(pool, until_cancelled, &begun, .done = count_it, .context = apart),
                 0);
    signpost_wait(&begun, 2);
    for (unsigned i = 0; i < 7; i++)
        cr_assert_eq(FILCH_SUBMIT_AS(pool, runs, NULL, .done = count_it), 0);
    cr_assert_eq(filch_pool_shutdown_now(pool), 7);
    cr_assert_eq(filch_pool_shutdown_now(pool), 0);
    OK(filch_pool_wait(pool, FILCH_FOREVER));
    cr_assert_eq(signpost_count(&outcomes[FILCH_CANCELLED]), 9);
    cr_assert_eq(signpost_count(&ran), 0);
    cr_assert_eq(filch_context_cause(apart), 0, "it is not the pool's");
    filch_context_release(apart);
    OK(filch_pool_destroy(pool));
}

Test(pool_end, shutdown_drains_then_cancels_rest)
{
    signpost begun = {0};
    filch_pool *pool = pool_of((filch_pool_config){.workers = 2, .width = 1});
    ran = (signpost){0};
    for (unsigned i = 0; i < 50; i++)
        cr_assert_eq(FILCH_SUBMIT(pool, runs, NULL), 0);
    OK(filch_pool_shutdown(pool, FILCH_FOREVER));
    cr_assert_eq(signpost_count(&ran), 50);
    OK(filch_pool_destroy(pool));
    pool = pool_of((filch_pool_config){.workers = 2, .width = 1});
    cr_assert_eq(FILCH_SUBMIT(pool, until_cancelled, &begun), 0);
    cr_assert_eq(FILCH_SUBMIT(pool, runs, NULL), 0);
    cr_assert_eq(filch_pool_shutdown(pool, filch_in(FILCH_MILLISECOND)), -ETIMEDOUT);
    cr_assert_eq(signpost_count(&ran), 50);
    cr_assert_eq(filch_pool_shutdown(pool, 0), 0, "it is at rest");
    OK(filch_pool_destroy(pool));
}

/* ---- From a job of the pool ---- */

static int ends_its_pool(filch_self self, filch_job *job, void *arg)
{
    filch_pool *pool = arg;
    if (filch_pool_destroy(pool) != -EDEADLK || filch_pool_wait(pool, FILCH_FOREVER) != -EDEADLK ||
        filch_pool_shutdown(pool, FILCH_FOREVER) != -EDEADLK ||
        filch_job_wait(job, FILCH_FOREVER) != -EDEADLK)
        return -EINVAL;
    filch_pool_close(pool);
    return filch_pool_shutdown_now(pool) == 3 ? 0 : -EINVAL;
}

Test(pool_end, job_may_start_not_await_shutdown)
{
    gate at;
    filch_pool *pool = pool_of((filch_pool_config){.workers = 2, .width = 1});
    block(pool, &at);
    filch_job *job = job_of(pool, ends_its_pool, pool, NULL);
    for (unsigned i = 0; i < 3; i++)
        cr_assert_eq(FILCH_SUBMIT(pool, runs, NULL), 0);
    signpost_raise(&at.go);
    OK(filch_job_wait(job, FILCH_FOREVER));
    filch_job_release(job);
    OK(filch_pool_destroy(pool));
}

static int shuts_down_soon(filch_self self, filch_job *job, void *pool)
{
    bool right = filch_pool_shutdown(pool, -1) == -EINVAL &&
                 filch_pool_shutdown(pool, filch_in(FILCH_SECOND * 3600)) == -EDEADLK &&
                 filch_pool_shutdown(pool, filch_in(FILCH_MILLISECOND)) == -EDEADLK;
    return right ? 0 : -EPROTO;
}

/* Without the cancellation it would not come to an end. */
Test(pool_end, jobs_shutdown_cancels_others_at_deadline)
{
    static const filch_pool_config configs[] = {{.workers = 2, .width = 2}, {.workers = 2}};
    for (unsigned i = 0; i < 2; i++) {
        signpost begun = {0};
        filch_job *works, *shuts;
        filch_pool *pool = pool_of(configs[i]);
        OK(filch_pool_submit(&works, pool, until_cancelled, &begun, NULL, FILCH_FOREVER));
        signpost_wait(&begun, 1);
        OK(filch_pool_submit(&shuts, pool, shuts_down_soon, pool, NULL, FILCH_FOREVER));
        OK(filch_job_wait(shuts, FILCH_FOREVER));
        cr_assert_eq(filch_job_wait(works, FILCH_FOREVER), -ECANCELED);
        cr_assert_eq(FILCH_SUBMIT(pool, runs, NULL), -EPIPE);
        OK(filch_pool_destroy(pool));
        filch_job_release(works);
        filch_job_release(shuts);
    }
}

Test(pool_end, shutdown_deadline_does_not_delay_destroy)
{
    filch_job *job;
    filch_pool *pool = pool_of((filch_pool_config){.workers = 2, .width = 1});
    OK(filch_pool_submit(&job, pool, shuts_down_soon, pool, NULL, FILCH_FOREVER));
    OK(filch_pool_destroy(pool));
    OK(filch_job_wait(job, FILCH_FOREVER));
    filch_job_release(job);
}

static filch_u32 answers[2];

static void waits_for_the_pool(filch_job *job, filch_outcome outcome, const filch_failure *why,
                               void *pool)
{
    bool right =
        filch_pool_wait(pool, FILCH_FOREVER) == -EDEADLK && filch_pool_destroy(pool) == -EDEADLK &&
        filch_job_wait(job, FILCH_FOREVER) == (outcome == FILCH_SUCCEEDED ? 0 : -ECANCELED);
    filch_u32_add(&answers[right], 1, FILCH_ACQ_REL);
}

Test(pool_end, outcome_callback_cannot_wait_for_pool)
{
    gate at;
    filch_job *jobs[2];
    filch_job_options options = {.done = waits_for_the_pool};
    filch_pool *pool = pool_of((filch_pool_config){.workers = 2, .width = 1});
    block(pool, &at);
    for (unsigned i = 0; i < 2; i++)
        jobs[i] = job_of(pool, runs, pool, &options);
    OK(filch_job_cancel(jobs[0])); /* this one is told by a task of its own */
    signpost_raise(&at.go);
    OK(filch_pool_destroy(pool));
    cr_assert_eq(filch_u32_load(&answers[1], FILCH_ACQUIRE), 2);
    filch_job_release(jobs[0]);
    filch_job_release(jobs[1]);
}

/* ---- One job ---- */

Test(pool_end, cancel_reaches_queued_and_running_jobs)
{
    gate at;
    signpost begun = {0};
    filch_pool *pool = busy_pool(&at, 0);
    filch_job *waits = job_of(pool, runs, NULL, &(filch_job_options){.done = count_it});
    cr_assert_eq(filch_job_outcome(waits), FILCH_UNDECIDED);
    cr_assert_null(filch_job_failure(waits));
    cr_assert_eq(filch_job_wait(waits, 0), -ETIMEDOUT);
    OK(filch_job_cancel(waits));
    cr_assert_eq(filch_job_wait(waits, FILCH_FOREVER), -ECANCELED);
    cr_assert_eq(filch_job_cancel(waits), -EALREADY);
    cr_assert_eq(filch_job_outcome(waits), FILCH_CANCELLED);
    filch_job_release(waits);
    signpost_raise(&at.go);
    filch_job *works = job_of(pool, until_cancelled, &begun, NULL);
    signpost_wait(&begun, 1);
    cr_assert_eq(filch_job_id(works), 3);
    OK(filch_job_cancel(works));
    cr_assert_eq(filch_job_wait(works, FILCH_FOREVER), -ECANCELED);
    filch_job_release(works);
    OK(filch_pool_destroy(pool));
    cr_assert_eq(signpost_count(&ran), 0);
    cr_assert_eq(signpost_count(&outcomes[FILCH_CANCELLED]), 1);
}

Test(pool_end, a_handle_may_outlive_its_pool)
{
    filch_pool *pool = pool_of((filch_pool_config){.workers = 1, .order = FILCH_FIFO});
    filch_job *job = job_of(pool, runs, NULL, NULL);
    OK(filch_pool_destroy(pool));
    OK(filch_job_wait(job, FILCH_FOREVER));
    cr_assert_eq(filch_job_outcome(job), FILCH_SUCCEEDED);
    cr_assert_eq(filch_job_id(job), 1);
    filch_job_release(job);
    filch_job_release(NULL);
}

/* ---- Width ---- */

Test(pool_end, running_jobs_never_exceed_width)
{
    static const unsigned widths[] = {3, 1, 8, 2};
    for (unsigned c = 0; c < CONFIGS; c++) {
        filch_runtime *rt = config_runtime(c, 10000);
        filch_pool *pool = pool_of((filch_pool_config){.runtime = rt, .width = 5});
        for (unsigned i = 0; i < 4; i++) {
            OK(filch_pool_resize(pool, widths[i]));
            job_crowd all = {0};
            for (unsigned j = 0; j < 100; j++)
                cr_assert_eq(FILCH_SUBMIT(pool, meets_others, &all), 0);
            OK(filch_pool_wait(pool, FILCH_FOREVER));
            uint32_t seen = filch_u32_load(&all.most, FILCH_ACQUIRE);
            cr_assert(seen >= 1 && seen <= widths[i], "%u of %u", seen, widths[i]);
        }
        OK(filch_pool_destroy(pool));
        OK(filch_runtime_destroy(rt));
    }
}

Test(pool_end, widened_pool_takes_waiting_jobs)
{
    gate at;
    filch_pool *pool = busy_pool(&at, 3);
    OK(filch_pool_resize(pool, 2));
    signpost_wait(&ran, 3); /* beside the one that stands still */
    signpost_raise(&at.go);
    OK(filch_pool_destroy(pool));
}
