/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Pools of no order, width and capacity: jobs go straight to the workers. */
#include <filch/sync.h>
#include <stdlib.h>
#include <string.h>
#include <tests/support/pools.h>
#include <tests/support/tasks.h>
#include <tests/support/test.h>

enum { JOBS = 1000, MANY = 300 };

static filch_u32 ran[JOBS];

static int run_once(filch_self self, filch_job *job, void *number)
{
    filch_u32_add(&ran[(uintptr_t)number], 1, FILCH_RELAXED);
    if (filch_job_outcome(job) != FILCH_UNDECIDED || filch_job_failure(job))
        return -EINVAL;
    return filch_job_context(job) ? 0 : -EINVAL;
}

static void expect_all_ran_once(void)
{
    for (unsigned i = 0; i < JOBS; i++) {
        cr_assert_eq(filch_u32_load(&ran[i], FILCH_RELAXED), 1, "job %u", i);
        filch_u32_store(&ran[i], 0, FILCH_RELAXED);
    }
}

static int submit_all(filch_self self, filch_job *job, void *pool)
{
    for (uintptr_t i = 0; i < JOBS; i++)
        if (FILCH_SUBMIT(pool, run_once, (void *)i))
            return -EINVAL;
    return 0;
}

static void expect_balance(filch_pool *pool, uint64_t succeeded)
{
    filch_pool_stats stats;
    filch_pool_stats_read(pool, &stats, sizeof stats);
    cr_assert_eq(stats.accepted, succeeded);
    cr_assert_eq(stats.outcomes[FILCH_SUCCEEDED], succeeded);
    cr_assert_eq(stats.waiting + stats.running + stats.width, 0);
}

Test(direct_pool, every_submitters_jobs_run_once)
{
    for (unsigned c = 0; c < CONFIGS; c++) {
        filch_runtime *rt = config_runtime(c, 10000);
        filch_pool *pool = pool_of((filch_pool_config){.runtime = rt, .timed = c & 1});
        cr_assert_eq(submit_all(NULL, NULL, pool), 0);
        OK(filch_pool_wait(pool, FILCH_FOREVER));
        expect_all_ran_once();
        cr_assert_eq(FILCH_SUBMIT(pool, submit_all, pool), 0);
        OK(filch_pool_wait(pool, FILCH_FOREVER));
        expect_all_ran_once();
        expect_balance(pool, 2 * JOBS + 1);
        OK(filch_pool_destroy(pool));
        OK(filch_runtime_destroy(rt));
    }
}

/* ---- Jobs' actions and outcomes ---- */

Test(direct_pool, failures_and_panics_are_counted)
{
    filch_pool_stats stats;
    filch_pool *pool = pool_of((filch_pool_config){.workers = 2});
    for (unsigned i = 0; i < MANY; i++)
        cr_assert_eq(FILCH_SUBMIT(pool, i % 3 ? fails : panics, NULL), 0);
    OK(filch_pool_wait(pool, FILCH_FOREVER));
    filch_pool_stats_read(pool, &stats, sizeof stats);
    cr_assert_eq(stats.outcomes[FILCH_PANICKED], MANY / 3);
    cr_assert_eq(stats.outcomes[FILCH_FAILED], MANY - MANY / 3);
    OK(filch_pool_destroy(pool));
}

static signpost waiting;

static int waits(filch_self self, filch_job *job, void *go)
{
    signpost_raise(&waiting);
    filch_semaphore_acquire(go, 1);
    return 0;
}

Test(direct_pool, jobs_that_wait_hold_up_nobody)
{
    filch_semaphore go;
    filch_runtime *rt = config_runtime(2, 1000);
    filch_pool *pool = pool_of((filch_pool_config){.runtime = rt});
    waiting = (signpost){0};
    OK(filch_semaphore_init(&go, 0));
    for (unsigned i = 0; i < MANY; i++)
        cr_assert_eq(FILCH_SUBMIT(pool, waits, &go), 0);
    signpost_wait(&waiting, MANY);
    filch_pool_stats stats;
    filch_pool_stats_read(pool, &stats, sizeof stats);
    cr_assert_eq(stats.running, MANY);
    OK(filch_semaphore_give_back(&go, MANY));
    OK(filch_pool_destroy(pool));
    OK(filch_runtime_destroy(rt));
}

/* ---- Identity ---- */

static filch_u64 seen[JOBS];

static int note_id(filch_self self, filch_job *job, void *number)
{
    filch_u64_store(&seen[(uintptr_t)number], filch_job_id(job), FILCH_RELAXED);
    return 0;
}

static int by_number(const void *a, const void *b)
{
    uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;
    return left < right ? -1 : left > right;
}

Test(direct_pool, no_two_jobs_have_one_id)
{
    filch_pool *pool = pool_of((filch_pool_config){.workers = 2});
    for (uintptr_t i = 0; i < JOBS; i++) {
        int64_t timeout = i % 3 ? 0 : 60 * FILCH_SECOND; /* not plain */
        cr_assert_eq(FILCH_SUBMIT_AS(pool, note_id, (void *)i, .timeout = timeout), 0);
    }
    OK(filch_pool_wait(pool, FILCH_FOREVER));
    qsort(seen, JOBS, sizeof seen[0], by_number);
    for (unsigned i = 1; i < JOBS; i++)
        cr_assert_neq(filch_u64_load(&seen[i], FILCH_RELAXED),
                      filch_u64_load(&seen[i - 1], FILCH_RELAXED));
    cr_assert_neq(filch_u64_load(&seen[0], FILCH_RELAXED), 0);
    OK(filch_pool_destroy(pool));
}

/* ---- The end ---- */

Test(direct_pool, shutdown_now_cancels_what_waits)
{
    gate at = {0};
    filch_job *job;
    filch_pool_stats stats;
    filch_pool *pool = pool_of((filch_pool_config){.workers = 1});
    cr_assert_eq(FILCH_SUBMIT(pool, hog, &at), 0);
    signpost_wait(&at.begun, 1);
    for (uintptr_t i = 0; i < MANY; i++)
        cr_assert_eq(FILCH_SUBMIT(pool, run_once, (void *)i), 0);
    OK(filch_pool_submit(&job, pool, run_once, NULL, NULL, FILCH_FOREVER));
    cr_assert_eq(filch_pool_shutdown_now(pool), MANY + 1);
    cr_assert_eq(filch_job_outcome(job), FILCH_CANCELLED);
    cr_assert_eq(FILCH_SUBMIT(pool, run_once, NULL), -EPIPE);
    filch_job_release(job);
    signpost_raise(&at.go);
    OK(filch_pool_wait(pool, FILCH_FOREVER));
    filch_pool_stats_read(pool, &stats, sizeof stats);
    cr_assert_eq(stats.outcomes[FILCH_CANCELLED], MANY + 1);
    cr_assert_eq(stats.accepted, MANY + 2);
    cr_assert_eq(filch_u32_load(&ran[0], FILCH_RELAXED), 0);
    OK(filch_pool_destroy(pool));
}

Test(direct_pool, resize_changes_worker_count)
{
    gate at = {0};
    filch_pool *pool = pool_of((filch_pool_config){.workers = 1, .max_workers = 2});
    cr_assert_eq(FILCH_SUBMIT(pool, hog, &at), 0);
    signpost_wait(&at.begun, 1);
    cr_assert_eq(filch_pool_resize(pool, 3), -EINVAL);
    OK(filch_pool_resize(pool, 2));
    cr_assert_eq(FILCH_SUBMIT(pool, run_once, (void *)1), 0);
    WAIT_WHILE(!filch_u32_load(&ran[1], FILCH_RELAXED));
    signpost_raise(&at.go);
    OK(filch_pool_resize(pool, 1));
    OK(filch_pool_destroy(pool));
}

Test(direct_pool, resize_is_refused_on_shared_workers)
{
    filch_runtime *rt = config_runtime(2, 1000);
    filch_pool *pool = pool_of((filch_pool_config){.runtime = rt});
    cr_assert_eq(filch_pool_resize(pool, 2), -EINVAL);
    cr_assert_not_null(strstr(filch_error(), "filch_runtime_resize"));
    OK(filch_pool_destroy(pool));
    cr_assert_eq(filch_pool_create(&pool, &(filch_pool_config){.runtime = rt,
                                                               .max_workers = 2,
                                                               .capacity = FILCH_UNLIMITED}),
                 -EINVAL);
    OK(filch_runtime_destroy(rt));
}
