/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Many jobs submitted by one call: all of them, or the first few, each once. */
#include <filch/results.h>
#include <stdlib.h>
#include <string.h>
#include <tests/support/pools.h>
#include <tests/support/test.h>

enum { JOBS = 700 }; /* some batches, the last not full */

static filch_u32 ran[JOBS];
static void *numbers[JOBS];

static void number_them(void)
{
    for (uintptr_t i = 0; i < JOBS; i++)
        numbers[i] = (void *)i;
}

TestSuite(submit_all, .init = number_them);

static int run_once(filch_self self, filch_job *job, void *number)
{
    filch_u32_add(&ran[(uintptr_t)number], 1, FILCH_RELAXED);
    return 0;
}

static void expect_ran(unsigned count)
{
    for (unsigned i = 0; i < JOBS; i++) {
        cr_assert_eq(filch_u32_load(&ran[i], FILCH_RELAXED), i < count, "job %u of %u", i, count);
        filch_u32_store(&ran[i], 0, FILCH_RELAXED);
    }
}

static size_t submit(filch_pool *pool, const filch_job_options *options, int64_t until, int rc)
{
    size_t accepted = JOBS + 1;
    cr_assert_eq(filch_pool_submit_all(pool, run_once, numbers, JOBS, options, until, &accepted),
                 rc, "%s", filch_error());
    return accepted;
}

struct submission {
    filch_pool *pool;
    signpost done;
};

static void submit_as_task(filch_self self, void *arg)
{
    struct submission *submission = arg;
    submit(submission->pool, NULL, FILCH_FOREVER, 0);
    signpost_raise(&submission->done);
}

static void all_run(filch_pool_config config, const filch_job_options *options)
{
    filch_pool_stats stats;
    filch_pool *pool = pool_of(config);
    cr_assert_eq(submit(pool, options, FILCH_FOREVER, 0), JOBS);
    OK(filch_pool_wait(pool, FILCH_FOREVER));
    expect_ran(JOBS);
    struct submission submission = {.pool = pool};
    OK(filch_go(config.runtime, submit_as_task, &submission));
    signpost_wait(&submission.done, 1);
    OK(filch_pool_wait(pool, FILCH_FOREVER));
    filch_pool_stats_read(pool, &stats, sizeof stats);
    cr_assert_eq(stats.accepted, 2 * JOBS);
    cr_assert_eq(stats.outcomes[FILCH_SUCCEEDED], stats.accepted);
    cr_assert_eq(stats.refused, 0);
    expect_ran(JOBS);
    OK(filch_pool_destroy(pool));
}

Test(submit_all, each_runs_once_whoever_submits)
{
    for (unsigned c = 0; c < CONFIGS; c++) {
        filch_runtime *rt = config_runtime(c, 10000);
        filch_pool_config direct = {.runtime = rt, .timed = c & 1};
        filch_pool_config queued = {.runtime = rt, .width = 3};
        all_run(direct, NULL);
        all_run(direct, &(filch_job_options){.timeout = 3600 * FILCH_SECOND}); /* not plain */
        all_run(queued, NULL);
        queued.capacity = 20; /* mostly full */
        queued.width = 2;
        all_run(queued, NULL);
        OK(filch_runtime_destroy(rt));
    }
}

/* ---- Order and identity ---- */

static unsigned count;
static uint64_t ids[JOBS];

static int note(filch_self self, filch_job *job, void *number)
{
    if ((uintptr_t)number != count)
        return -EINVAL;
    ids[count++] = filch_job_id(job); /* the pool is one job wide */
    return 0;
}

Test(submit_all, array_order_is_acceptance_order)
{
    filch_pool *pool =
        pool_of((filch_pool_config){.workers = 2, .width = 1, .order = FILCH_FIFO, .capacity = 9});
    OK(filch_pool_submit_all(pool, note, numbers, JOBS, NULL, FILCH_FOREVER, NULL));
    OK(filch_pool_destroy(pool));
    cr_assert_eq(count, JOBS);
    for (unsigned i = 0; i < JOBS; i++)
        cr_assert_eq(ids[i], i + 1);
}

static int note_id(filch_self self, filch_job *job, void *number)
{
    ids[(uintptr_t)number] = filch_job_id(job);
    return 0;
}

static int by_number(const void *a, const void *b)
{
    uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;
    return left < right ? -1 : left > right;
}

Test(submit_all, direct_pool_ids_are_unique)
{
    filch_pool *pool = pool_of((filch_pool_config){.workers = 2});
    OK(filch_pool_submit_all(pool, note_id, numbers, JOBS, NULL, 0, NULL));
    OK(filch_pool_destroy(pool));
    qsort(ids, JOBS, sizeof ids[0], by_number);
    cr_assert_neq(ids[0], 0);
    for (unsigned i = 1; i < JOBS; i++)
        cr_assert_neq(ids[i], ids[i - 1]);
}

/* ---- When there is not room for all ---- */

static void first_so_many(filch_when_full full, int64_t until, int rc)
{
    gate at;
    filch_pool_stats stats;
    filch_pool *pool =
        pool_of((filch_pool_config){.workers = 2, .width = 1, .capacity = 200, .full = full});
    block(pool, &at);
    cr_assert_eq(submit(pool, NULL, until, rc), 200);
    filch_pool_stats_read(pool, &stats, sizeof stats);
    cr_assert_eq(stats.accepted, 201);
    cr_assert_eq(stats.refused, 1, "the first that found no room");
    signpost_raise(&at.go);
    OK(filch_pool_destroy(pool));
    expect_ran(200);
}

Test(submit_all, the_first_so_many_are_accepted)
{
    first_so_many(FILCH_FULL_REJECT, FILCH_FOREVER, -EAGAIN);
    first_so_many(FILCH_FULL_WAIT, 0, -ETIMEDOUT);
    first_so_many(FILCH_FULL_WAIT, filch_in(FILCH_MILLISECOND), -ETIMEDOUT);
}

static uint64_t dropped(filch_when_full full)
{
    gate at;
    filch_pool_stats stats;
    filch_pool *pool =
        pool_of((filch_pool_config){.workers = 2, .width = 1, .capacity = 200, .full = full});
    block(pool, &at);
    cr_assert_eq(submit(pool, NULL, FILCH_FOREVER, 0), JOBS);
    signpost_raise(&at.go);
    OK(filch_pool_wait(pool, FILCH_FOREVER));
    filch_pool_stats_read(pool, &stats, sizeof stats);
    OK(filch_pool_destroy(pool));
    return stats.outcomes[FILCH_DROPPED];
}

Test(submit_all, policy_applies_to_each_overflowing_job)
{
    cr_assert_eq(dropped(FILCH_FULL_DROP_NEWEST), JOBS - 200);
    expect_ran(200);
    cr_assert_eq(dropped(FILCH_FULL_DROP_OLDEST), JOBS - 200);
    for (unsigned i = 0; i < JOBS; i++) {
        cr_assert_eq(filch_u32_load(&ran[i], FILCH_RELAXED), i >= JOBS - 200);
        filch_u32_store(&ran[i], 0, FILCH_RELAXED);
    }
    cr_assert_eq(dropped(FILCH_FULL_RUN), 0);
    expect_ran(JOBS);
}

Test(submit_all, key_admits_one_of_batch)
{
    gate at;
    filch_job *job;
    const filch_job_options options = {.key = "the same"};
    filch_pool *pool = pool_of((filch_pool_config){.workers = 2, .width = 1, .capacity = 1});
    block(pool, &at);
    cr_assert_eq(submit(pool, &options, FILCH_FOREVER, -EEXIST), 1);
    cr_assert_eq(submit(pool, &options, FILCH_FOREVER, -EEXIST), 0);
    cr_assert_eq(submit(pool, &(filch_job_options){.key = "another"}, 0, -ETIMEDOUT), 0);
    signpost_raise(&at.go);
    OK(filch_pool_wait(pool, FILCH_FOREVER));
    expect_ran(1);
    cr_assert_eq(filch_pool_submit(&job, pool, run_once, NULL, &options, 0), 0, "it is free");
    OK(filch_job_wait(job, FILCH_FOREVER));
    filch_job_release(job);
    cr_assert_eq(filch_pool_submit(&job, pool, run_once, NULL,
                                   &(filch_job_options){.key = "another"}, FILCH_FOREVER),
                 0, "so is what was refused");
    filch_job_release(job);
    OK(filch_pool_destroy(pool));
}

static int submits_to_its_own(filch_self self, filch_job *job, void *pool)
{
    size_t accepted = 0;
    int rc = filch_pool_submit_all(pool, run_once, numbers, JOBS, NULL, FILCH_FOREVER, &accepted);
    return rc == -EDEADLK && accepted == 5 ? 0 : -EINVAL;
}

Test(submit_all, self_blocking_submission_reports_deadlock)
{
    filch_job *job;
    filch_pool *pool = pool_of((filch_pool_config){.workers = 2, .width = 1, .capacity = 5});
    OK(filch_pool_submit(&job, pool, submits_to_its_own, pool, NULL, FILCH_FOREVER));
    OK(filch_job_wait(job, FILCH_FOREVER));
    filch_job_release(job);
    OK(filch_pool_destroy(pool));
    expect_ran(5);
}

/* ---- With a list ---- */

static void expect_all_come(filch_pool_config config)
{
    filch_results *list = NULL;
    filch_job *job;
    OK(filch_results_create(&list));
    filch_pool *pool = pool_of(config);
    cr_assert_eq(submit(pool, &(filch_job_options){.results = list}, FILCH_FOREVER, 0), JOBS);
    filch_results_close(list);
    cr_assert_eq(submit(pool, &(filch_job_options){.results = list}, FILCH_FOREVER, -EPIPE), 0);
    unsigned came = 0;
    for (; !filch_results_take(list, &job, FILCH_FOREVER); came++)
        filch_job_release(job);
    cr_assert_eq(came, JOBS);
    OK(filch_pool_destroy(pool));
    OK(filch_results_destroy(list));
    expect_ran(JOBS);
}

Test(submit_all, they_come_back_by_a_list)
{
    expect_all_come((filch_pool_config){.workers = 2});
    expect_all_come((filch_pool_config){.workers = 2, .width = 2});
}

Test(submit_all, refused_jobs_yield_no_results)
{
    gate at;
    filch_results *list = NULL;
    filch_job *job;
    unsigned came = 0;
    OK(filch_results_create(&list));
    filch_pool *pool = pool_of(
        (filch_pool_config){.workers = 2, .width = 1, .capacity = 150, .full = FILCH_FULL_REJECT});
    block(pool, &at);
    cr_assert_eq(submit(pool, &(filch_job_options){.results = list}, 0, -EAGAIN), 150);
    filch_results_close(list);
    signpost_raise(&at.go);
    for (; !filch_results_take(list, &job, FILCH_FOREVER); came++)
        filch_job_release(job);
    cr_assert_eq(came, 150);
    OK(filch_pool_destroy(pool));
    OK(filch_results_destroy(list));
    expect_ran(150);
}

/* ---- Mistakes ---- */

static void bad_values(filch_pool *pool)
{
    size_t accepted = 7;
    const filch_job_options high = {.priority = FILCH_PRIORITIES};
    cr_assert_eq(filch_pool_submit_all(NULL, run_once, numbers, 1, NULL, 0, &accepted), -EINVAL);
    cr_assert_eq(accepted, 0);
    cr_assert_eq(filch_pool_submit_all(pool, NULL, numbers, 1, NULL, 0, NULL), -EINVAL);
    cr_assert_eq(filch_pool_submit_all(pool, run_once, numbers, 1, &high, 0, NULL), -EINVAL);
    cr_assert_eq(filch_pool_submit_all(pool, run_once, numbers, 1, NULL, -1, NULL), -EINVAL);
    OK(filch_pool_submit_all(pool, run_once, NULL, 0, NULL, 0, &accepted));
    cr_assert_eq(accepted, 0);
    OK(filch_pool_submit_all(pool, run_once, NULL, 1, NULL, 0, &accepted));
    cr_assert_eq(accepted, 1);
    filch_pool_close(pool);
    cr_assert_eq(submit(pool, NULL, FILCH_FOREVER, -EPIPE), 0);
    OK(filch_pool_destroy(pool));
    expect_ran(1);
}

Test(submit_all, bad_values_and_closed_pools_fail)
{
    bad_values(pool_of((filch_pool_config){.workers = 2}));
    bad_values(pool_of((filch_pool_config){.workers = 2, .width = 1}));
}
