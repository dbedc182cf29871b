/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Many jobs submitted by one call, each with a function, data and options of its own. */
#include <filch/results.h>
#include <string.h>
#include <tests/support/pools.h>
#include <tests/support/test.h>

enum { JOBS = 300, KINDS = 6 }; /* some batches, the last not full */

static const unsigned workers[] = {1, 2, 8};
enum { COUNTS = sizeof workers / sizeof *workers };

TestSuite(submit_each, .init = have_fibers);

static filch_u32 ran[JOBS], told[JOBS];

static int one_kind(filch_self self, filch_job *job, void *number)
{
    filch_u32_add(&ran[(uintptr_t)number], 1, FILCH_RELAXED);
    return 0;
}

static int other_kind(filch_self self, filch_job *job, void *number)
{
    filch_u32_add(&ran[(uintptr_t)number], 256, FILCH_RELAXED);
    return strcmp(filch_job_name(job), "other") ? -EPROTO : 0;
}

static void hear(filch_job *job, filch_outcome outcome, const filch_failure *why, void *number)
{
    filch_u32_add(&told[(uintptr_t)number], outcome == FILCH_SUCCEEDED, FILCH_RELAXED);
}

static const filch_job_options named = {.name = "other"};
static const filch_job_options heard = {.name = "other", .done = hear, .priority = 7};
static const filch_job_options limited = {.run_timeout = 3600 * FILCH_SECOND, .done = hear};
static const filch_job_options timed = {.timeout = 3600 * FILCH_SECOND};

/* Jobs of each kind, alternating or in groups. */
static const filch_submission kinds[KINDS] = {
    {one_kind, NULL, NULL},   {other_kind, NULL, &named}, {other_kind, NULL, &heard},
    {one_kind, NULL, &timed}, {one_kind, NULL, &limited}, {one_kind, NULL, NULL}};

static filch_submission jobs[JOBS];

static void lay_out(unsigned group)
{
    for (uintptr_t i = 0; i < JOBS; i++) {
        ran[i] = told[i] = (filch_u32){0};
        jobs[i] = kinds[i / group % KINDS];
        jobs[i].data = (void *)i;
    }
}

static void expect_each_ran_its_way(const char *where)
{
    for (unsigned i = 0; i < JOBS; i++) {
        bool hears = jobs[i].options && jobs[i].options->done;
        cr_assert_eq(filch_u32_load(&ran[i], FILCH_RELAXED), jobs[i].fn == one_kind ? 1 : 256,
                     "%s, job %u", where, i);
        cr_assert_eq(filch_u32_load(&told[i], FILCH_RELAXED), hears, "%s, job %u", where, i);
    }
}

static void all_run(filch_pool_config config, unsigned group, const char *where)
{
    size_t accepted = 0;
    filch_pool *pool = pool_of(config);
    lay_out(group);
    OK(filch_pool_submit_each(pool, jobs, JOBS, FILCH_FOREVER, &accepted));
    cr_assert_eq(accepted, JOBS);
    OK(filch_pool_wait(pool, FILCH_FOREVER));
    cr_assert_eq(stats_of(pool).outcomes[FILCH_SUCCEEDED], JOBS, "%s", where);
    OK(filch_pool_destroy(pool));
    expect_each_ran_its_way(where);
}

Test(submit_each, each_job_runs_once_as_specified)
{
    static const unsigned groups[] = {1, 50, JOBS};
    for (unsigned i = 0; i < 3 * COUNTS; i++) {
        const unsigned count = workers[i / 3], group = groups[i % 3];
        all_run((filch_pool_config){.workers = count, .width = 2}, group, "a queue");
        all_run((filch_pool_config){.workers = count, .width = 2, .order = FILCH_PRIORITY}, group,
                "priorities");
        all_run((filch_pool_config){.workers = count}, group, "direct");
        all_run((filch_pool_config){.workers = count, .width = 1, .capacity = 3}, group, "small");
    }
}

/* ---- Order ---- */

static filch_u32 turn, turns[JOBS];

static int notes_its_turn(filch_self self, filch_job *job, void *number)
{
    filch_u32_store(&turns[(uintptr_t)number], filch_u32_add(&turn, 1, FILCH_RELAXED),
                    FILCH_RELAXED);
    return 0;
}

Test(submit_each, mixed_jobs_keep_their_order)
{
    filch_pool *pool = pool_of((filch_pool_config){.workers = 2, .width = 1, .order = FILCH_FIFO});
    lay_out(1);
    for (unsigned i = 0; i < JOBS; i++)
        jobs[i].fn = notes_its_turn;
    OK(filch_pool_submit_each(pool, jobs, JOBS, FILCH_FOREVER, NULL));
    OK(filch_pool_destroy(pool));
    for (unsigned i = 0; i < JOBS; i++)
        cr_assert_eq(filch_u32_load(&turns[i], FILCH_RELAXED), i);
}

/* ---- Results lists ---- */

static unsigned length_of(filch_results *results)
{
    unsigned length = 0;
    for (filch_job *job; !filch_results_take(results, &job, 0); length++)
        filch_job_release(job);
    return length;
}

Test(submit_each, each_job_reaches_own_results_list)
{
    filch_results *lists[2];
    filch_job_options to[2] = {{.done = hear}, {.done = NULL}};
    for (unsigned i = 0; i < 2; i++) {
        OK(filch_results_create(&lists[i]));
        to[i].results = lists[i];
    }
    for (unsigned width = 0; width < 2; width++) {
        filch_pool *pool = pool_of((filch_pool_config){.workers = 2, .width = width});
        lay_out(1);
        for (unsigned i = 0; i < JOBS; i++)
            jobs[i] = (filch_submission){one_kind, jobs[i].data, i % 3 ? &to[i % 3 - 1] : NULL};
        OK(filch_pool_submit_each(pool, jobs, JOBS, FILCH_FOREVER, NULL));
        OK(filch_pool_destroy(pool));
        cr_assert_eq(length_of(lists[0]), JOBS / 3);
        cr_assert_eq(length_of(lists[1]), JOBS / 3);
        expect_each_ran_its_way("lists");
    }
    for (unsigned i = 0; i < 2; i++)
        OK(filch_results_destroy(lists[i]));
}

/* ---- Refusals ---- */

/* The first `accepted` of `count` run. */
static void stops_at(filch_pool *pool, size_t count, size_t expected, int rc)
{
    size_t accepted = JOBS + 1;
    cr_assert_eq(filch_pool_submit_each(pool, jobs, count, 0, &accepted), rc, "%s", filch_error());
    cr_assert_eq(accepted, expected);
}

Test(submit_each, first_refused_job_ends_call)
{
    static const filch_job_options bad[] = {{.priority = FILCH_PRIORITIES},
                                            {.timeout = -1},
                                            {.run_timeout = -1},
                                            {.key = "taken"}};
    static const filch_job_options keyed = {.key = "taken"};
    gate at;
    filch_pool *pool = pool_of((filch_pool_config){.workers = 2, .width = 1});
    block(pool, &at);
    OK(filch_pool_submit(NULL, pool, succeeds, NULL, &keyed, 0));
    for (unsigned i = 0; i < 4; i++) {
        lay_out(1);
        jobs[200].options = &bad[i];
        stops_at(pool, JOBS, 200, i < 3 ? -EINVAL : -EEXIST);
    }
    lay_out(1);
    jobs[0].fn = NULL;
    stops_at(pool, JOBS, 0, -EINVAL);
    cr_assert_eq(stats_of(pool).waiting, 801);
    signpost_raise(&at.go);
    OK(filch_pool_destroy(pool));
}

Test(submit_each, full_and_closed_pools_refuse_rest)
{
    gate at;
    filch_pool *pool = pool_of(
        (filch_pool_config){.workers = 2, .width = 1, .capacity = 150, .full = FILCH_FULL_REJECT});
    block(pool, &at);
    lay_out(1);
    stops_at(pool, JOBS, 150, -EAGAIN);
    cr_assert_eq(stats_of(pool).refused, 1);
    filch_pool_close(pool);
    stops_at(pool, JOBS, 0, -EPIPE);
    stops_at(pool, 0, 0, 0);
    signpost_raise(&at.go);
    OK(filch_pool_destroy(pool));
}

Test(submit_each, done_context_refuses_its_job)
{
    filch_context *done;
    OK(filch_context_create(&done, NULL));
    filch_context_cancel(done, 0);
    const filch_job_options under = {.context = done};
    filch_pool *pool = pool_of((filch_pool_config){.workers = 2});
    lay_out(1);
    jobs[7].options = &under;
    stops_at(pool, JOBS, 7, -ECANCELED);
    OK(filch_pool_destroy(pool));
    filch_context_release(done);
}

Test(submit_each, missing_pool_or_jobs_is_refused)
{
    filch_pool *pool = pool_of((filch_pool_config){.workers = 1});
    lay_out(1);
    stops_at(NULL, JOBS, 0, -EINVAL);
    cr_assert_not_null(strstr(filch_error(), "filch_pool_submit_each"));
    cr_assert_eq(filch_pool_submit_each(pool, NULL, 1, 0, NULL), -EINVAL);
    cr_assert_not_null(strstr(filch_error(), "array"));
    OK(filch_pool_submit_each(pool, NULL, 0, 0, NULL));
    OK(filch_pool_destroy(pool));
}
