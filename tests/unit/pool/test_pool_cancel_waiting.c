/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * filch_pool_cancel_waiting: cancels the jobs that wait, those only, and the pool goes on. */
#include <runtime/pool/pool.h>
#include <tests/support/pools.h>
#include <tests/support/test.h>

#include <pthread.h>

enum { WAITING = 5, JOBS = 400 };

static const unsigned workers[] = {1, 2, 8};
enum { COUNTS = sizeof workers / sizeof *workers };

TestSuite(cancel_waiting, .init = have_fibers);

/* ---- A queue ---- */

/* One runs; of those that wait, one has a handle, one nothing, the others `done`. */
static void cancels_the_queue(filch_pool_config config)
{
    gate at;
    fate waited = {0}, later = {0};
    filch_pool *pool = pool_of(config);
    block(pool, &at);
    filch_job *job = job_of(pool, succeeds, NULL, NULL);
    cr_assert_eq(FILCH_SUBMIT(pool, succeeds, NULL), 0);
    for (unsigned i = 2; i < WAITING; i++)
        cr_assert_eq(FILCH_SUBMIT_AS(pool, succeeds, &waited, .done = fate_counted,
                                     .drop = fate_dropped, .priority = i,
                                     .timeout = i * 3600 * FILCH_SECOND),
                     0);
    cr_assert_eq(filch_pool_cancel_waiting(pool), WAITING);
    cr_assert_eq(filch_job_wait(job, FILCH_FOREVER), -ECANCELED);
    cr_assert_eq(filch_job_outcome(job), FILCH_CANCELLED);
    cr_assert_eq(stats_of(pool).waiting, 0);
    cr_assert_eq(stats_of(pool).running, 1, "it goes on");
    cr_assert_eq(filch_pool_cancel_waiting(pool), 0);
    cr_assert_eq(FILCH_SUBMIT_AS(pool, succeeds, &later, .done = fate_counted), 0);
    signpost_raise(&at.go);
    OK(filch_pool_wait(pool, FILCH_FOREVER));
    cr_assert_eq(signpost_count(&waited.told[FILCH_CANCELLED]), WAITING - 2);
    cr_assert_eq(signpost_count(&waited.dropped), WAITING - 2);
    cr_assert_eq(fate_outcome(&later), FILCH_SUCCEEDED, "the pool is open");
    cr_assert_eq(stats_of(pool).outcomes[FILCH_CANCELLED], WAITING);
    cr_assert_eq(stats_of(pool).outcomes[FILCH_SUCCEEDED], 2);
    filch_job_release(job);
    OK(filch_pool_destroy(pool));
}

Test(cancel_waiting, only_waiting_jobs_are_cancelled)
{
    for (unsigned i = 0; i < COUNTS; i++)
        for (unsigned order = 0; order < FILCH_ORDERS; order++)
            cancels_the_queue(
                (filch_pool_config){.workers = workers[i], .width = 1, .order = order});
}

/* Of three jobs, the last waits for room. It belongs into a row behind theirs, if there are several. */
static void *submits(void *arg)
{
    filch_pool *pool = arg;
    for (unsigned i = 0; i < 2; i++)
        cr_assert_eq(FILCH_SUBMIT(pool, succeeds, NULL), 0);
    cr_assert_eq(FILCH_SUBMIT_AS(pool, succeeds, NULL, .priority = 5,
                                 .timeout = 3600 * FILCH_SECOND),
                 0);
    return NULL;
}

static bool somebody_waits_for_room(filch_pool *pool)
{
    fl_lock(&pool->queue.room.lock);
    bool waits = fl_waiters_any(&pool->queue.room.waiters);
    fl_unlock(&pool->queue.room.lock);
    return waits;
}

static void admits_in(unsigned order)
{
    gate at;
    pthread_t other;
    filch_pool *pool =
        pool_of((filch_pool_config){.workers = 2, .width = 1, .capacity = 2, .order = order});
    block(pool, &at);
    pthread_create(&other, NULL, submits, pool);
    WAIT_WHILE(!somebody_waits_for_room(pool));
    cr_assert_eq(filch_pool_cancel_waiting(pool), 2, "order %u", order);
    cr_assert_eq(pthread_join(other, NULL), 0);
    signpost_raise(&at.go);
    OK(filch_pool_wait(pool, FILCH_FOREVER));
    cr_assert_eq(stats_of(pool).outcomes[FILCH_CANCELLED], 2);
    cr_assert_eq(stats_of(pool).outcomes[FILCH_SUCCEEDED], 2, "the blocker, and the admitted job");
    OK(filch_pool_destroy(pool));
}

Test(cancel_waiting, cancelling_admits_submitter_awaiting_room)
{
    for (unsigned order = 0; order < FILCH_ORDERS; order++)
        admits_in(order);
}

static int cancels_others(filch_self self, filch_job *job, void *pool)
{
    return (int)filch_pool_cancel_waiting(pool);
}

Test(cancel_waiting, job_cancels_own_pools_waiting_jobs)
{
    gate at;
    fate of = {0};
    filch_pool *pool = pool_of((filch_pool_config){.workers = 2, .width = 1});
    block(pool, &at);
    filch_job *canceller = job_of(pool, cancels_others, pool, NULL);
    for (unsigned i = 0; i < WAITING; i++)
        cr_assert_eq(FILCH_SUBMIT_AS(pool, succeeds, &of, .done = fate_counted), 0);
    signpost_raise(&at.go);
    cr_assert_eq(filch_job_wait(canceller, FILCH_FOREVER), -EINVAL, "it returned a number");
    cr_assert_not_null(strstr(filch_job_failure(canceller)->message, "5"));
    filch_job_release(canceller);
    OK(filch_pool_destroy(pool));
    cr_assert_eq(signpost_count(&of.told[FILCH_CANCELLED]), WAITING);
}

Test(cancel_waiting, cancelled_retry_reports_its_attempts)
{
    static const filch_retry_policy hourly = {.base = 3600 * FILCH_SECOND,
                                              .cap = 3600 * FILCH_SECOND,
                                              .jitter = FILCH_JITTER_NONE};
    filch_pool *pool = pool_of((filch_pool_config){.workers = 2, .width = 1, .retry = &hourly});
    filch_job *job = job_of(pool, returns, RETURNED(-EAGAIN), NULL);
    WAIT_WHILE(!stats_of(pool).delayed);
    cr_assert_eq(filch_pool_cancel_waiting(pool), 1);
    cr_assert_eq(filch_job_wait(job, FILCH_FOREVER), -ECANCELED);
    cr_assert_eq(filch_job_attempts(job), 1);
    cr_assert_not_null(strstr(filch_job_failure(job)->message, "between attempts"));
    filch_job_release(job);
    OK(filch_pool_destroy(pool));
}

/* ---- A direct pool ---- */

static signpost ran;

static int runs(filch_self self, filch_job *job, void *data)
{
    signpost_raise(&ran);
    return 0;
}

/* All of its workers are busy. */
static filch_pool *busy_direct_pool(unsigned count, gate *at)
{
    filch_pool *pool = pool_of((filch_pool_config){.workers = count});
    *at = (gate){0};
    for (unsigned i = 0; i < count; i++)
        cr_assert_eq(FILCH_SUBMIT(pool, hog, at), 0);
    signpost_wait(&at->begun, count);
    return pool;
}

Test(cancel_waiting, direct_pool_cancels_all_waiting_jobs)
{
    for (unsigned i = 0; i < COUNTS; i++) {
        gate at;
        fate of = {0};
        ran = (signpost){0};
        filch_pool *pool = busy_direct_pool(workers[i], &at);
        for (unsigned round = 0; round < 2; round++) {
            for (unsigned j = 0; j < WAITING; j++)
                cr_assert_eq(FILCH_SUBMIT(pool, runs, NULL), 0);
            cr_assert_eq(FILCH_SUBMIT_AS(pool, runs, &of, .done = fate_counted), 0);
            cr_assert_geq(filch_pool_cancel_waiting(pool), WAITING + 1);
        }
        for (unsigned j = 0; j < WAITING; j++)
            cr_assert_eq(FILCH_SUBMIT(pool, runs, NULL), 0);
        signpost_raise(&at.go);
        OK(filch_pool_wait(pool, FILCH_FOREVER));
        cr_assert_eq(signpost_count(&ran), WAITING, "those submitted later run");
        cr_assert_eq(signpost_count(&of.told[FILCH_CANCELLED]), 2);
        cr_assert_eq(stats_of(pool).outcomes[FILCH_CANCELLED], 2 * (WAITING + 1));
        cr_assert_eq(stats_of(pool).outcomes[FILCH_SUCCEEDED], workers[i] + WAITING);
        cr_assert_eq(FILCH_SUBMIT(pool, runs, NULL), 0);
        OK(filch_pool_destroy(pool));
        cr_assert_eq(signpost_count(&ran), WAITING + 1);
    }
}

Test(cancel_waiting, closed_direct_pool_cancels_batches)
{
    gate at;
    ran = (signpost){0};
    filch_pool *pool = busy_direct_pool(1, &at);
    OK(filch_pool_submit_all(pool, runs, NULL, JOBS, NULL, FILCH_FOREVER, NULL));
    cr_assert_eq(filch_pool_cancel_waiting(pool), JOBS);
    OK(filch_pool_submit_all(pool, runs, NULL, JOBS, NULL, FILCH_FOREVER, NULL));
    filch_pool_close(pool);
    cr_assert_eq(filch_pool_cancel_waiting(pool), 2 * JOBS, "no worker has come to the first");
    signpost_raise(&at.go);
    OK(filch_pool_wait(pool, FILCH_FOREVER));
    cr_assert_eq(stats_of(pool).outcomes[FILCH_CANCELLED], 2 * JOBS);
    cr_assert_eq(signpost_count(&ran), 0);
    OK(filch_pool_destroy(pool));
}

/* ---- Against the start of jobs ---- */

typedef struct one {
    filch_u32 ran, told, outcome;
} one;

static int runs_one(filch_self self, filch_job *job, void *data)
{
    filch_u32_add(&((one *)data)->ran, 1, FILCH_ACQ_REL);
    return 0;
}

static void told_one(filch_job *job, filch_outcome outcome, const filch_failure *why, void *data)
{
    filch_u32_store(&((one *)data)->outcome, outcome, FILCH_RELAXED);
    filch_u32_add(&((one *)data)->told, 1, FILCH_ACQ_REL);
}

static void *cancels_all_the_time(void *pool)
{
    size_t cancelled = 0;
    while (stats_of(pool).accepted < JOBS)
        cancelled += filch_pool_cancel_waiting(pool);
    return (void *)cancelled;
}

static void races(filch_pool_config config)
{
    static one all[JOBS];
    pthread_t canceller;
    void *cancelled;
    unsigned told = 0;
    memset(all, 0, sizeof all);
    filch_pool *pool = pool_of(config);
    pthread_create(&canceller, NULL, cancels_all_the_time, pool);
    for (unsigned i = 0; i < JOBS; i++)
        cr_assert_eq(FILCH_SUBMIT_AS(pool, runs_one, &all[i], .done = told_one), 0);
    pthread_join(canceller, &cancelled);
    OK(filch_pool_wait(pool, FILCH_FOREVER));
    for (unsigned i = 0; i < JOBS; i++) {
        bool before = filch_u32_load(&all[i].outcome, FILCH_RELAXED) == FILCH_CANCELLED;
        cr_assert_eq(filch_u32_load(&all[i].told, FILCH_ACQUIRE), 1, "job %u", i);
        cr_assert_eq(filch_u32_load(&all[i].ran, FILCH_ACQUIRE), !before, "job %u", i);
        told += before;
    }
    cr_assert_eq(told, (uintptr_t)cancelled, "the calls counted right");
    cr_assert_eq(stats_of(pool).outcomes[FILCH_CANCELLED], told);
    OK(filch_pool_destroy(pool));
}

Test(cancel_waiting, each_job_runs_or_cancels_once)
{
    for (unsigned i = 0; i < COUNTS; i++) {
        races((filch_pool_config){.workers = workers[i], .width = 2});
        races((filch_pool_config){.workers = workers[i]});
    }
}
