/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * run_timeout: a limit on each attempt of a job, which counts from the attempt's start. */
#include <filch/timer.h>
#include <runtime/pool/pool.h>
#include <string.h>
#include <tests/support/pools.h>
#include <tests/support/test.h>

enum { JOBS = 200 };
static const int64_t HOUR = 3600 * FILCH_SECOND;

static const unsigned workers[] = {1, 2, 8};
enum { COUNTS = sizeof workers / sizeof *workers };

TestSuite(run_timeout, .init = have_fibers);

/* The due times of jobs with a run timeout. */
static size_t dues_of(filch_pool *pool, int64_t *first)
{
    fl_lock(&pool->queue.room.lock);
    size_t count = pool->deadlines.run_dues.count;
    *first = fl_timer_heap_next(&pool->deadlines.run_dues);
    fl_unlock(&pool->queue.room.lock);
    return count;
}

/* The pool is destroyed, and keeps no due time. */
static void end(filch_pool *pool)
{
    int64_t first;
    OK(filch_pool_wait(pool, FILCH_FOREVER));
    cr_assert_eq(dues_of(pool, &first), 0);
    OK(filch_pool_destroy(pool));
}

/* ---- A job that overruns ---- */

typedef struct variant {
    const char *what;
    filch_pool_config config;
    int64_t run_timeout; /* the job's own; 0: the pool's */
    bool below;          /* it has a context of the caller's */
    bool asked;          /* its context was asked for while it waited */
    bool unused;         /* its function ignores its context */
} variant;

static const filch_retry_policy again = {.attempts = 3, .base = 1, .cap = 1};

static const variant variants[] = {
    {"its own", {.width = 1}, .run_timeout = FILCH_MILLISECOND},
    {"the pool's", {.width = 1, .run_timeout = FILCH_MILLISECOND}, .run_timeout = 0},
    {"its own before the pool's",
     {.width = 1, .run_timeout = HOUR},
     .run_timeout = FILCH_MILLISECOND},
    {"no context", {.width = 1}, .run_timeout = FILCH_MILLISECOND, .unused = true},
    {"a caller's context", {.width = 1}, .run_timeout = FILCH_MILLISECOND, .below = true},
    {"an earlier context", {.width = 1}, .run_timeout = FILCH_MILLISECOND, .asked = true},
    {"a retry policy", {.width = 1, .retry = &again}, .run_timeout = FILCH_MILLISECOND},
    {"a direct pool", {.width = 0}, .run_timeout = FILCH_MILLISECOND},
    {"a direct pool, a caller's context",
     {.width = 0},
     .run_timeout = FILCH_MILLISECOND,
     .below = true},
    {"the earliest first", {.width = 1, .order = FILCH_EARLIEST}, .run_timeout = FILCH_MILLISECOND},
    {"stuck jobs", {.width = 1, .stuck_after = 1}, .run_timeout = FILCH_MILLISECOND},
};
enum { VARIANTS = sizeof variants / sizeof *variants };

typedef struct overrun {
    fate of; /* first: the job's data */
    bool unused;
    signpost begun, go;
} overrun;

static int overruns(filch_self self, filch_job *job, void *arg)
{
    overrun *at = arg;
    signpost_raise(&at->begun);
    int cause = at->unused ? -EAGAIN : filch_context_wait(filch_job_context(job), FILCH_FOREVER);
    while (!signpost_count(&at->go))
        filch_yield(self);
    return cause == -ETIMEDOUT ? -EAGAIN : cause;
}

/* It has begun, and has not returned. */
static void expect_timed_out(const variant *one, filch_pool *pool, filch_job *job, overrun *at)
{
    const filch_failure *why = filch_job_failure(job);
    cr_assert_not_null(strstr(why->message, "run_timeout"), "%s: %s", one->what, why->message);
    cr_assert_eq(stats_of(pool).running, 1, "%s: it has not returned", one->what);
    signpost_wait(&at->of.told[FILCH_TIMED_OUT], 1);
    cr_assert_eq(filch_context_wait(filch_job_context(job), FILCH_FOREVER), -ETIMEDOUT);
}

/* false: it timed out before its function was called. */
static bool times_out(const variant *one, unsigned count)
{
    gate before = {0};
    overrun at = {.unused = one->unused};
    filch_pool_config config = one->config;
    filch_context *above = NULL;
    config.workers = count;
    filch_pool *pool = pool_of(config);
    if (one->config.width)
        cr_assert_eq(FILCH_SUBMIT_AS(pool, stand_still, &before, .run_timeout = HOUR), 0);
    if (one->below)
        OK(filch_context_create(&above, NULL));
    const filch_job_options options = {.run_timeout = one->run_timeout,
                                       .context = above,
                                       .done = fate_told};
    filch_job *job = job_of(pool, overruns, &at, &options);
    if (one->asked)
        cr_assert_not_null(filch_job_context(job));
    signpost_raise(&before.go);
    cr_assert_eq(filch_job_wait(job, FILCH_FOREVER), -ETIMEDOUT, "%s", one->what);
    bool began = signpost_count(&at.begun);
    if (began)
        expect_timed_out(one, pool, job, &at);
    signpost_raise(&at.go);
    end(pool);
    cr_assert_eq(fate_outcome(&at.of), FILCH_TIMED_OUT, "%s: told once", one->what);
    cr_assert_leq(signpost_count(&at.begun), 1, "%s: no other attempt", one->what);
    filch_job_release(job);
    filch_context_release(above);
    return began;
}

Test(run_timeout, overrunning_job_times_out_while_running)
{
    for (unsigned i = 0; i < VARIANTS; i++)
        for (unsigned j = 0; j < COUNTS; j++)
            WAIT_WHILE(!times_out(&variants[i], workers[j]));
}

Test(run_timeout, job_beyond_width_also_times_out)
{
    gate at;
    filch_pool *pool = pool_of(
        (filch_pool_config){.workers = 2, .width = 1, .capacity = 1, .full = FILCH_FULL_RUN});
    block(pool, &at);
    cr_assert_eq(FILCH_SUBMIT(pool, succeeds, NULL), 0);
    cr_assert_eq(FILCH_SUBMIT_AS(pool, waits_for_its_context, NULL,
                                 .run_timeout = FILCH_MILLISECOND),
                 0);
    cr_assert_eq(stats_of(pool).outcomes[FILCH_TIMED_OUT], 1);
    signpost_raise(&at.go);
    end(pool);
}

/* ---- What counts ---- */

Test(run_timeout, queue_time_does_not_count)
{
    gate at;
    int64_t first;
    filch_pool *pool = pool_of((filch_pool_config){.workers = 2, .width = 1});
    block(pool, &at);
    const filch_job_options options = {.run_timeout = FILCH_MILLISECOND};
    filch_job *job = job_of(pool, waits_for_its_context, NULL, &options);
    cr_assert_eq(filch_job_wait(job, filch_in(3 * FILCH_MILLISECOND)), -ETIMEDOUT, "it waits");
    cr_assert_eq(dues_of(pool, &first), 1);
    cr_assert_eq(first, FILCH_FOREVER);
    signpost_raise(&at.go);
    cr_assert_eq(filch_job_wait(job, FILCH_FOREVER), -ETIMEDOUT);
    filch_job_release(job);
    end(pool);
}

/* Of each attempt: when it is due, and the deadline that its function sees. */
static int64_t due[2], seen[2];

static int looks_at_the_end(filch_self self, filch_job *job, void *pool)
{
    const unsigned attempts = filch_job_attempts(job), index = attempts ? attempts - 1 : 0;
    dues_of(pool, &due[index]);
    seen[index] = filch_context_deadline(filch_job_context(job));
    return attempts == 1 ? -EAGAIN : 0;
}

Test(run_timeout, attempts_have_own_timeouts_delays_none)
{
    static const filch_retry_policy hourly = {.base = HOUR / 1,
                                              .cap = HOUR / 1,
                                              .jitter = FILCH_JITTER_NONE};
    int64_t first;
    filch_retry_policy soon = {.base = 1, .jitter = FILCH_JITTER_NONE};
    filch_pool *pool = pool_of((filch_pool_config){.workers = 2, .width = 1, .retry = &soon});
    int64_t before = filch_in(HOUR);
    filch_job *job =
        job_of(pool, looks_at_the_end, pool, &(filch_job_options){.run_timeout = HOUR});
    OK(filch_job_wait(job, FILCH_FOREVER));
    cr_assert_eq(filch_job_attempts(job), 2);
    cr_assert(due[0] > before && due[1] > due[0] && due[1] <= filch_in(HOUR));
    cr_assert_eq(seen[0], FILCH_FOREVER, "the context is that of all attempts");
    filch_job_release(job);
    cr_assert_eq(FILCH_SUBMIT_AS(pool, looks_at_the_end, pool, .run_timeout = HOUR,
                                 .retry = &hourly),
                 0);
    WAIT_WHILE(!stats_of(pool).delayed);
    cr_assert_eq(dues_of(pool, &first), 1);
    cr_assert_eq(first, FILCH_FOREVER);
    cr_assert_eq(filch_pool_shutdown_now(pool), 1);
    end(pool);
}

Test(run_timeout, only_attempt_sees_timeout_as_deadline)
{
    filch_pool *pool = pool_of((filch_pool_config){.workers = 2, .width = 1});
    int64_t before = filch_in(HOUR);
    cr_assert_eq(FILCH_SUBMIT_AS(pool, looks_at_the_end, pool, .run_timeout = HOUR), 0);
    OK(filch_pool_wait(pool, FILCH_FOREVER));
    cr_assert(seen[0] == due[0] && seen[0] > before && seen[0] <= filch_in(HOUR));
    int64_t latest = filch_in(HOUR);
    cr_assert_eq(FILCH_SUBMIT_AS(pool, looks_at_the_end, pool, .run_timeout = 2 * HOUR,
                                 .timeout = HOUR),
                 0);
    OK(filch_pool_wait(pool, FILCH_FOREVER));
    cr_assert(seen[0] == due[0] && seen[0] >= latest && seen[0] <= filch_in(HOUR), "the earlier");
    end(pool);
}

Test(run_timeout, earlier_job_deadline_still_counts)
{
    gate at;
    filch_pool *pool = pool_of((filch_pool_config){.workers = 2, .width = 1, .run_timeout = HOUR});
    block(pool, &at);
    filch_job *waits = job_of(pool, succeeds, NULL, &(filch_job_options){.timeout = 1000});
    cr_assert_eq(filch_job_wait(waits, FILCH_FOREVER), -ETIMEDOUT);
    cr_assert_not_null(strstr(filch_job_failure(waits)->message, "deadline"));
    filch_job_release(waits);
    signpost_raise(&at.go);
    filch_job *runs = job_of(pool, waits_for_its_context, NULL,
                             &(filch_job_options){.timeout = FILCH_MILLISECOND});
    cr_assert_eq(filch_job_wait(runs, FILCH_FOREVER), -ETIMEDOUT);
    cr_assert_null(strstr(filch_job_failure(runs)->message, "run_timeout"));
    filch_job_release(runs);
    end(pool);
}

/* ---- Jobs that return in time, or just then ---- */

Test(run_timeout, timely_jobs_keep_their_outcomes)
{
    filch_pool *pool = pool_of((filch_pool_config){.workers = 2, .width = 2, .run_timeout = HOUR});
    cr_assert_eq(FILCH_SUBMIT(pool, succeeds, NULL), 0);
    cr_assert_eq(FILCH_SUBMIT(pool, fails, NULL), 0);
    cr_assert_eq(FILCH_SUBMIT(pool, panics, NULL), 0);
    OK(filch_pool_wait(pool, FILCH_FOREVER));
    cr_assert_eq(stats_of(pool).outcomes[FILCH_SUCCEEDED], 1);
    cr_assert_eq(stats_of(pool).outcomes[FILCH_FAILED], 1);
    cr_assert_eq(stats_of(pool).outcomes[FILCH_PANICKED], 1);
    end(pool);
}

static int sleeps(filch_self self, filch_job *job, void *data)
{
    return filch_context_sleep(filch_job_context(job), 20000);
}

Test(run_timeout, end_racing_timeout_gives_one_outcome)
{
    for (unsigned i = 0; i < 2 * COUNTS; i++) {
        fate of = {0};
        filch_pool *pool =
            pool_of((filch_pool_config){.workers = workers[i / 2], .width = i % 2 ? 4 : 0});
        for (unsigned j = 0; j < JOBS; j++)
            cr_assert_eq(FILCH_SUBMIT_AS(pool, sleeps, &of, .done = fate_counted,
                                         .run_timeout = 1 + j * 400),
                         0);
        end(pool);
        cr_assert_eq(fate_count(&of), JOBS);
    }
}

Test(run_timeout, shutdown_forgets_run_timeouts)
{
    gate at;
    filch_pool *pool = pool_of((filch_pool_config){.workers = 2, .width = 1, .run_timeout = HOUR});
    block(pool, &at);
    filch_job *job = job_of(pool, succeeds, NULL, NULL);
    cr_assert_eq(filch_pool_shutdown_now(pool), 1);
    cr_assert_eq(filch_job_wait(job, FILCH_FOREVER), -ECANCELED);
    filch_job_release(job);
    signpost_raise(&at.go);
    end(pool);
}

Test(run_timeout, negative_ones_are_refused)
{
    filch_pool *pool = NULL;
    const filch_pool_config config = {.run_timeout = -1};
    cr_assert_eq(filch_pool_create(&pool, &config), -EINVAL);
    cr_assert_not_null(strstr(filch_error(), "run_timeout"));
    pool = pool_of((filch_pool_config){.workers = 1});
    cr_assert_eq(FILCH_SUBMIT_AS(pool, succeeds, NULL, .run_timeout = -1), -EINVAL);
    cr_assert_not_null(strstr(filch_error(), "run_timeout"));
    OK(filch_pool_destroy(pool));
}
