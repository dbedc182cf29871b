/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Reports say in which public call a task waits: pools and limits. */
#include <tests/support/engine.h>
#include <tests/support/pools.h>
#include <tests/support/test.h>

#include <filch/adaptive.h>
#include <filch/limiter.h>
#include <filch/results.h>

/* ---- Pools ---- */

static filch_pool *pool;
static gate busy;

/* Its only runner is busy, on a runtime of its own. */
static void make_pool(filch_pool_config config)
{
    config.workers = 2; /* room for a job beyond the width */
    config.width = 1;
    pool = pool_of(config);
    block(pool, &busy);
}

static void end_job(void)
{
    signpost_raise(&busy.go);
}

static void end_jobs(void)
{
    signpost_raise(&waiting_go);
    end_job();
}

static int ends_with_go(filch_self self, filch_job *job, void *unused)
{
    await_go(unused);
    return 0;
}

static void submit_to(filch_when_full full)
{
    make_pool((filch_pool_config){.capacity = 1, .full = full});
    cr_assert_eq(FILCH_SUBMIT(pool, succeeds, NULL), 0);
    now_it_waits();
    cr_assert_eq(FILCH_SUBMIT(pool, ends_with_go, NULL), 0);
    OK(filch_pool_destroy(pool));
}

static void wait_for_room(filch_self self)
{
    submit_to(FILCH_FULL_WAIT);
}

static void wait_for_run(filch_self self)
{
    submit_to(FILCH_FULL_RUN);
}

static void wait_for_pool(filch_self self)
{
    make_pool((filch_pool_config){0});
    now_it_waits();
    OK(filch_pool_wait(pool, FILCH_FOREVER));
    OK(filch_pool_destroy(pool));
}

static void shut_down(filch_self self)
{
    make_pool((filch_pool_config){0});
    now_it_waits();
    OK(filch_pool_shutdown(pool, FILCH_FOREVER));
    OK(filch_pool_destroy(pool));
}

static void destroy_pool(filch_self self)
{
    make_pool((filch_pool_config){0});
    now_it_waits();
    OK(filch_pool_destroy(pool));
}

static void wait_for_job(filch_self self)
{
    make_pool((filch_pool_config){0});
    filch_job *job = job_of(pool, succeeds, NULL, NULL);
    now_it_waits();
    OK(filch_job_wait(job, FILCH_FOREVER));
    filch_job_release(job);
    OK(filch_pool_destroy(pool));
}

static void take_result(filch_self self)
{
    filch_results *results;
    filch_job *job;
    OK(filch_results_create(&results));
    make_pool((filch_pool_config){.results = results});
    now_it_waits();
    OK(filch_results_take(results, &job, FILCH_FOREVER));
    filch_job_release(job);
    OK(filch_pool_destroy(pool));
    OK(filch_results_destroy(results));
}

/* ---- Limits ---- */

static const filch_limit rare = {.rate = 1, .burst = 1, .period = 3600 * FILCH_SECOND};

static void wait_for_permit(filch_self self)
{
    filch_limiter *limiter;
    waiting_make_context();
    OK(filch_limiter_create(&limiter, rare));
    OK(filch_limiter_allow(limiter, 1));
    now_it_waits();
    filch_limiter_acquire(limiter, 1, waiting_context, FILCH_FOREVER);
    filch_limiter_destroy(limiter);
    filch_context_release(waiting_context);
}

static void wait_for_permit_of_key(filch_self self)
{
    filch_keyed_limiter *limiters;
    waiting_make_context();
    OK(filch_keyed_limiter_create(&limiters, rare, 1, 1));
    OK(filch_keyed_limiter_allow(limiters, "k", 1, 1));
    now_it_waits();
    filch_keyed_limiter_acquire(limiters, "k", 1, 1, waiting_context, FILCH_FOREVER);
    filch_keyed_limiter_destroy(limiters);
    filch_context_release(waiting_context);
}

static void wait_for_limit(filch_self self)
{
    filch_adaptive *adaptive;
    waiting_make_context();
    OK(filch_adaptive_create(&adaptive, &(filch_adaptive_config){.max = 1}));
    OK(filch_adaptive_acquire(adaptive, NULL, FILCH_FOREVER));
    now_it_waits();
    filch_adaptive_acquire(adaptive, waiting_context, FILCH_FOREVER);
    filch_adaptive_give_back(adaptive, FILCH_ADAPTIVE_OK, 1);
    filch_adaptive_destroy(adaptive);
    filch_context_release(waiting_context);
}

/* ---- All ---- */

static const waiting_call rows[] = {
    {"filch_pool_submit", wait_for_room, end_jobs, 0},
    {"filch_pool_submit", wait_for_run, end_jobs, 0},
    {"filch_pool_wait", wait_for_pool, end_job, 0},
    {"filch_pool_shutdown", shut_down, end_job, 0},
    {"filch_pool_destroy", destroy_pool, end_job, 0},
    {"filch_job_wait", wait_for_job, end_job, 0},
    {"filch_results_take", take_result, end_job, 0},
    {"filch_limiter_acquire", wait_for_permit, waiting_cancel, 0},
    {"filch_keyed_limiter_acquire", wait_for_permit_of_key, waiting_cancel, 0},
    {"filch_adaptive_acquire", wait_for_limit, waiting_cancel, 0},
};

Test(waiting_pools, each_is_named_while_it_waits)
{
    expect_names(rows, sizeof rows / sizeof *rows);
}
