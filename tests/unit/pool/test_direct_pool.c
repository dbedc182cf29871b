/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Pools of no order, width and capacity: jobs go straight to the workers. */
#include <filch/sync.h>

#include <pthread.h>
#include <runtime/metrics/counter.h>
#include <runtime/metrics/distribution.h>
#include <runtime/pool/pool.h>
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

Test(direct_pool, shutdown_now_cancels_waiting_jobs)
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

/* The accounts of direct pools: jobs of each thread, of each pool and of each batch count once, and
 * end with their job. */

enum { FEW = 5 };

TestSuite(direct_accounts, .init = have_fibers);

/* ---- The last shard ---- */

typedef struct holder {
    pthread_t thread;
    filch_pool *pool;
    signpost began, go, submitted, over;
    unsigned shard;
    int rc;
} holder;

/* Has a shard, and submits a job from there when it is told to. */
static void *holds_a_shard(void *arg)
{
    holder *it = arg;
    it->shard = fl_shard();
    signpost_raise(&it->began);
    signpost_wait(&it->go, 1);
    if (it->pool)
        it->rc = FILCH_SUBMIT(it->pool, succeeds, NULL);
    signpost_raise(&it->submitted);
    signpost_wait(&it->over, 1);
    return NULL;
}

static holder holders[1024];
static unsigned held;

static bool is_last(const holder *one)
{
    return one->shard == fl_shards() - 1;
}

/* Threads until one has the last shard, which it returns. */
static holder *have_all_shards(void)
{
    for (bool last = false; !last; held++) {
        holder *one = &holders[held];
        cr_assert_lt(held, sizeof holders / sizeof *holders);
        cr_assert_eq(pthread_create(&one->thread, NULL, holds_a_shard, one), 0);
        signpost_wait(&one->began, 1);
        last = is_last(one);
    }
    return &holders[held - 1];
}

static void let_go(unsigned from, unsigned until)
{
    for (unsigned i = from; i < until; i++) {
        signpost_raise(&holders[i].go);
        signpost_raise(&holders[i].over);
        pthread_join(holders[i].thread, NULL);
    }
}

Test(direct_accounts, last_shards_submissions_can_be_cancelled)
{
    gate at = {0};
    holder *last = have_all_shards(); /* before the worker has one */
    filch_pool *pool = pool_of((filch_pool_config){.workers = 1});
    cr_assert_eq(FILCH_SUBMIT(pool, hog, &at), 0);
    signpost_wait(&at.begun, 1);
    last->pool = pool;
    signpost_raise(&last->go);
    signpost_wait(&last->submitted, 1);
    cr_assert_eq(last->rc, 0);
    cr_assert_eq(stats_of(pool).accepted, 2);
    cr_assert_eq(stats_of(pool).waiting, 1);
    cr_assert_eq(filch_pool_cancel_waiting(pool), 1);
    signpost_raise(&at.go);
    OK(filch_pool_wait(pool, FILCH_FOREVER));
    cr_assert_eq(stats_of(pool).outcomes[FILCH_CANCELLED], 1);
    cr_assert_eq(stats_of(pool).outcomes[FILCH_SUCCEEDED], 1);
    OK(filch_pool_destroy(pool));
    let_go(0, held);
}

Test(direct_accounts, last_shards_running_jobs_are_counted)
{
    gate at = {0};
    fl_shard(); /* this thread has one, too */
    holder *last = have_all_shards();
    signpost_raise(&last->go);
    signpost_raise(&last->over);
    pthread_join(last->thread, NULL); /* its shard is free for the worker */
    filch_pool *pool = pool_of((filch_pool_config){.workers = 1});
    cr_assert_eq(FILCH_SUBMIT(pool, hog, &at), 0);
    signpost_wait(&at.begun, 1);
    cr_assert_eq(stats_of(pool).running, 1);
    cr_assert_eq(stats_of(pool).waiting, 0);
    signpost_raise(&at.go);
    OK(filch_pool_wait(pool, FILCH_FOREVER));
    cr_assert_eq(stats_of(pool).outcomes[FILCH_SUCCEEDED], 1);
    OK(filch_pool_destroy(pool));
    let_go(0, held - 1);
}

/* ---- Batches ---- */

static int counts_itself(filch_self self, filch_job *job, void *number)
{
    filch_u32_add(&ran[(uintptr_t)number], 1, FILCH_RELAXED);
    return 0;
}

static int counts_itself_otherwise(filch_self self, filch_job *job, void *number)
{
    return counts_itself(self, job, number);
}

Test(direct_accounts, each_batch_job_runs_once)
{
    filch_submission jobs[FEW];
    filch_pool *pool = pool_of((filch_pool_config){.workers = 1});
    for (uintptr_t i = 0; i < FEW; i++)
        jobs[i] =
            (filch_submission){i % 2 ? counts_itself : counts_itself_otherwise, (void *)i, NULL};
    for (unsigned times = 1; times < 4; times++) {
        OK(filch_pool_submit_each(pool, jobs, FEW, FILCH_FOREVER, NULL));
        OK(filch_pool_wait(pool, FILCH_FOREVER));
        for (unsigned i = 0; i < FEW; i++)
            cr_assert_eq(filch_u32_load(&ran[i], FILCH_RELAXED), times, "job %u", i);
    }
    OK(filch_pool_destroy(pool));
}

/* ---- Several pools ---- */

static filch_pool *both[2];

static int submits_to_both(filch_self self, filch_job *job, void *data)
{
    int rc = 0;
    for (unsigned i = 0; i < FEW && !rc; i++)
        rc = FILCH_SUBMIT(both[i % 2], succeeds, NULL);
    return rc;
}

Test(direct_accounts, pool_settles_only_its_own_jobs)
{
    filch_runtime *rt = config_runtime(0, 1000);
    for (unsigned i = 0; i < 2; i++)
        both[i] = pool_of((filch_pool_config){.runtime = rt});
    for (unsigned i = 0; i < 2; i++)
        cr_assert_eq(FILCH_SUBMIT(both[i], submits_to_both, NULL), 0);
    for (unsigned i = 0; i < 2; i++)
        OK(filch_pool_wait(both[i], FILCH_FOREVER));
    for (unsigned i = 0; i < 2; i++)
        OK(filch_pool_wait(both[i], FILCH_FOREVER));
    for (unsigned i = 0; i < 2; i++) {
        cr_assert_eq(both[i]->rest.settled, stats_of(both[i]).accepted);
        OK(filch_pool_destroy(both[i]));
    }
    OK(filch_runtime_destroy(rt));
}

/* ---- One job ---- */

static uint64_t count_of(const filch_distribution *distribution)
{
    filch_snapshot *snapshot;
    OK(filch_snapshot_create(&snapshot));
    filch_snapshot_add(snapshot, distribution);
    const uint64_t count = snapshot->count;
    filch_snapshot_destroy(snapshot);
    return count;
}

Test(direct_accounts, timed_pool_records_each_jobs_times)
{
    filch_pool *pool = pool_of((filch_pool_config){.workers = 1, .timed = true});
    for (unsigned i = 0; i < FEW; i++)
        cr_assert_eq(FILCH_SUBMIT(pool, succeeds, NULL), 0);
    OK(filch_pool_wait(pool, FILCH_FOREVER));
    cr_assert_eq(count_of(pool->waits), FEW);
    cr_assert_eq(count_of(pool->runs), FEW);
    OK(filch_pool_destroy(pool));
}

static int waited;
static signpost is_over;

static void waits_for_the_pool(filch_self self, void *pool)
{
    waited = filch_pool_wait(pool, FILCH_FOREVER);
    signpost_raise(&is_over);
}

Test(direct_accounts, task_after_job_is_no_job)
{
    filch_runtime *rt = config_runtime(0, 1000);
    filch_pool *pool = pool_of((filch_pool_config){.runtime = rt});
    cr_assert_eq(FILCH_SUBMIT(pool, succeeds, NULL), 0);
    OK(filch_pool_wait(pool, FILCH_FOREVER));
    OK(filch_go(rt, waits_for_the_pool, pool));
    signpost_wait(&is_over, 1);
    cr_assert_eq(waited, 0);
    OK(filch_pool_destroy(pool));
    OK(filch_runtime_destroy(rt));
}

Test(direct_accounts, closed_pool_counts_refused_jobs)
{
    filch_pool *pool = pool_of((filch_pool_config){.workers = 1});
    filch_pool_close(pool);
    for (unsigned i = 0; i < FEW; i++)
        cr_assert_eq(FILCH_SUBMIT(pool, succeeds, NULL), -EPIPE);
    cr_assert_eq(stats_of(pool).refused, FEW);
    cr_assert_eq(stats_of(pool).accepted, 0);
    OK(filch_pool_destroy(pool));
}

static signpost told;

static void hears(filch_job *job, filch_outcome outcome, const filch_failure *why, void *data)
{
    if (outcome == FILCH_CANCELLED)
        signpost_raise(&told);
}

/* The task that tells the outcome is the next work of this worker. */
static int cancels_another(filch_self self, filch_job *job, void *pool)
{
    const filch_job_options options = {.done = hears};
    filch_job *other = job_of(pool, counts_itself, NULL, &options);
    int rc = filch_job_cancel(other);
    filch_job_release(other);
    return rc;
}

Test(direct_accounts, cancelled_job_is_reported_not_run)
{
    filch_pool *pool = pool_of((filch_pool_config){.workers = 1});
    cr_assert_eq(FILCH_SUBMIT(pool, cancels_another, pool), 0);
    OK(filch_pool_wait(pool, FILCH_FOREVER));
    cr_assert_eq(signpost_count(&told), 1);
    cr_assert_eq(filch_u32_load(&ran[0], FILCH_RELAXED), 0);
    cr_assert_eq(stats_of(pool).outcomes[FILCH_SUCCEEDED], 1);
    cr_assert_eq(stats_of(pool).outcomes[FILCH_CANCELLED], 1);
    OK(filch_pool_destroy(pool));
}
