/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Jobs that do not return after their deadlines: reported, and replaced. */
#include <filch/sync.h>
#include <runtime/pool/pool.h>
#include <sched.h>
#include <string.h>
#include <tests/support/pools.h>
#include <tests/support/tasks.h>
#include <tests/support/test.h>

enum { MANY = 40 };

static filch_u32 reports, first;
static filch_stuck first_report;

static void report(const filch_stuck *one, void *arg)
{
    cr_assert_eq(arg, &reports);
    if (!filch_u32_exchange(&first, 1, FILCH_ACQ_REL))
        first_report = *one;
    filch_u32_add(&reports, 1, FILCH_RELEASE);
}

static filch_pool_config with_spares(unsigned spares)
{
    filch_u32_store(&reports, 0, FILCH_RELAXED);
    filch_u32_store(&first, 0, FILCH_RELAXED);
    return (filch_pool_config){.stuck_after = FILCH_MILLISECOND,
                               .spares = spares,
                               .stuck = report,
                               .stuck_arg = &reports};
}

static uint64_t stuck_now(filch_pool *pool)
{
    filch_pool_stats stats;
    filch_pool_stats_read(pool, &stats, sizeof stats);
    return stats.stuck;
}

static int count(filch_self self, filch_job *job, void *done)
{
    filch_u32_add(done, 1, FILCH_RELEASE);
    return 0;
}

/* It has begun before its deadline came; where the machine is too busy for that, it is tried
 * again. */
static void submit_a_hog_of(filch_pool *pool, filch_job_fn *fn, gate *at)
{
    for (int64_t timeout = FILCH_MILLISECOND; !signpost_count(&at->begun); timeout *= 2) {
        const filch_job_options options = {.name = "endless", .timeout = timeout};
        filch_job *job = job_of(pool, fn, at, &options);
        WAIT_WHILE(!signpost_count(&at->begun) && filch_job_outcome(job) == FILCH_UNDECIDED);
        if (!signpost_count(&at->begun)) /* not begun, or just about to be */
            filch_pool_wait(pool, filch_in(FILCH_MILLISECOND));
        filch_job_release(job);
    }
}

static void submit_a_hog(filch_pool *pool, gate *at)
{
    submit_a_hog_of(pool, hog, at);
}

/* A worker for the only one, which is gone. */
static void expect_a_spare(filch_pool_config config)
{
    gate at = {0};
    filch_u32 done = {0};
    filch_pool *pool = pool_of(config);
    submit_a_hog(pool, &at);
    for (unsigned i = 0; i < MANY; i++)
        cr_assert_eq(FILCH_SUBMIT(pool, count, &done), 0);
    WAIT_WHILE(filch_u32_load(&done, FILCH_ACQUIRE) < MANY ||
               !filch_u32_load(&reports, FILCH_ACQUIRE));
    cr_assert_eq(stuck_now(pool), 1);
    cr_assert_str_eq(first_report.name, "endless");
    cr_assert_eq(first_report.data, &at);
    cr_assert_geq(first_report.age, FILCH_MILLISECOND);
    cr_assert_null(first_report.where);
    signpost_raise(&at.go);
    OK(filch_pool_wait(pool, FILCH_FOREVER));
    cr_assert_eq(stuck_now(pool), 0);
    OK(filch_pool_destroy(pool));
    cr_assert_eq(filch_u32_load(&reports, FILCH_ACQUIRE), 1);
}

Test(pool_stuck, spare_worker_replaces_stuck_one)
{
    for (unsigned width = 0; width < 2; width++) { /* 0: direct */
        filch_pool_config config = with_spares(1);
        config.workers = 1;
        config.width = width;
        expect_a_spare(config);
    }
}

/* It held no place within the width, so there is none for another; but it has a worker, which is
 * replaced. */
Test(pool_stuck, stuck_job_beyond_width_widens_nothing)
{
    gate inside, beyond = {0};
    filch_u32 done = {0};
    have_fibers();
    filch_pool_config config = with_spares(1);
    config.workers = config.width = config.capacity = 1;
    config.full = FILCH_FULL_RUN;
    filch_pool *pool = pool_of(config);
    block(pool, &inside);
    cr_assert_eq(FILCH_SUBMIT(pool, count, &done), 0); /* the queue is full */
    submit_a_hog(pool, &beyond);
    WAIT_WHILE(!stuck_now(pool));
    fl_lock(&pool->queue.room.lock);
    cr_assert_eq(pool->runners.active, 1);
    cr_assert_eq(pool->width.spares, 1);
    fl_unlock(&pool->queue.room.lock);
    signpost_raise(&inside.go);
    signpost_wait(&done, 1); /* on the worker that was added */
    signpost_raise(&beyond.go);
    OK(filch_pool_destroy(pool));
}

static int hog_with_a_context(filch_self self, filch_job *job, void *at)
{
    filch_job_context(job);
    return hog(self, job, at);
}

Test(pool_stuck, job_with_own_context_gets_stuck)
{
    gate at = {0};
    filch_pool_config config = with_spares(0);
    config.workers = config.width = 1;
    filch_pool *pool = pool_of(config);
    submit_a_hog_of(pool, hog_with_a_context, &at);
    WAIT_WHILE(!stuck_now(pool));
    signpost_raise(&at.go);
    OK(filch_pool_destroy(pool));
    cr_assert_eq(filch_u32_load(&reports, FILCH_ACQUIRE), 1);
}

/* ---- Where it waits; no more spares than there may be ---- */

static int waits(filch_self self, filch_job *job, void *permits)
{
    filch_semaphore_acquire(permits, 1);
    return 0;
}

Test(pool_stuck, each_stuck_job_reports_location_once)
{
    for (unsigned c = 0; c < CONFIGS; c++) {
        filch_semaphore permits;
        filch_u32 done = {0};
        filch_runtime *rt = config_runtime(c, 10000);
        filch_pool_config config = with_spares(3);
        config.runtime = rt;
        config.width = 2;
        filch_pool *pool = pool_of(config);
        OK(filch_semaphore_init(&permits, 0));
        for (unsigned i = 0; i < 4; i++)
            cr_assert_eq(FILCH_SUBMIT_AS(pool, waits, &permits, .timeout = FILCH_MILLISECOND), 0);
        cr_assert_eq(FILCH_SUBMIT(pool, count, &done), 0);
        while (
            !filch_u32_load(&done, FILCH_ACQUIRE)) /* width 2 and up to 2 spares: there is room */
            sched_yield();
        uint32_t told = filch_u32_load(&reports, FILCH_ACQUIRE);
        cr_assert(told <= 4, "%u", told);
        OK(filch_semaphore_give_back(&permits, 4));
        OK(filch_pool_destroy(pool));
        const char *where = first_report.where; /* NULL: it was on its way there */
        cr_assert(!where || !strcmp(where, "filch_semaphore_acquire"), "%s", where);
        OK(filch_runtime_destroy(rt));
    }
}

Test(pool_stuck, timely_return_is_not_reported)
{
    filch_u32 done = {0};
    filch_pool_config config = with_spares(1);
    config.workers = 2;
    config.stuck_after = 3600 * FILCH_SECOND;
    filch_pool *pool = pool_of(config);
    for (unsigned i = 0; i < MANY; i++)
        cr_assert_eq(FILCH_SUBMIT_AS(pool, count, &done, .timeout = 1 + i * 100), 0);
    OK(filch_pool_destroy(pool));
    cr_assert_eq(filch_u32_load(&reports, FILCH_ACQUIRE), 0);
}

Test(pool_stuck, spares_without_a_time_are_refused)
{
    filch_pool *pool = NULL;
    cr_assert_eq(filch_pool_create(&pool, &(filch_pool_config){.spares = 1}), -EINVAL);
    cr_assert_not_null(strstr(filch_error(), "stuck_after"));
    cr_assert_eq(filch_pool_create(&pool, &(filch_pool_config){.stuck_after = -1}), -EINVAL);
    cr_assert_eq(filch_pool_create(&pool,
                                   &(filch_pool_config){.stuck_after = 1, .spares = 1000000}),
                 -EINVAL);
}
