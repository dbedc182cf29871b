/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * done_after_return: `done` is called once, when the outcome is fixed and the function has returned or
 * will never be called. */
#include <filch/results.h>
#include <tests/support/pools.h>
#include <tests/support/test.h>

static const unsigned workers[] = {1, 2, 8};
enum { COUNTS = sizeof workers / sizeof *workers };

TestSuite(after_return, .init = have_fibers);

typedef struct work {
    fate of; /* first */
    signpost begun, go, inside;
    signpost early; /* `done` was called while the function ran */
    bool asks;      /* the function asks for its context */
} work;

static int works(filch_self self, filch_job *job, void *data)
{
    work *one = data;
    signpost_raise(&one->inside);
    if (one->asks)
        filch_job_context(job);
    signpost_raise(&one->begun);
    while (!signpost_count(&one->go))
        filch_yield(self);
    filch_u32_store(&one->inside, 0, FILCH_RELEASE);
    return 0;
}

static void told(filch_job *job, filch_outcome outcome, const filch_failure *why, void *data)
{
    work *one = data;
    if (signpost_count(&one->inside))
        signpost_raise(&one->early);
    fate_told(job, outcome, why, data);
}

/* ---- It times out while it runs ---- */

typedef struct variant {
    const char *what;
    unsigned width; /* 0: a direct pool */
    filch_job_options options;
    bool below, asks;
} variant;

static const variant variants[] = {
    {"a timeout", 1, {.timeout = FILCH_SECOND / 50}, .asks = false},
    {"a timeout of the run", 1, {.run_timeout = FILCH_MILLISECOND}, .asks = false},
    {"the same, of a job with a context", 1, {.run_timeout = FILCH_MILLISECOND}, .asks = true},
    {"a caller's context", 1, {0}, .below = true},
    {"a direct pool", 0, {.run_timeout = FILCH_MILLISECOND}, .asks = false},
    {"a direct pool, a caller's context", 0, {0}, .below = true},
};
enum { VARIANTS = sizeof variants / sizeof *variants };

/* Its function runs when it has timed out. An earlier timeout leaves nothing to test. */
static bool waits_for_its_function(const variant *one, unsigned count)
{
    work at = {.asks = one->asks};
    filch_context *above = NULL;
    filch_job_options options = one->options;
    filch_pool *pool = pool_of((filch_pool_config){.workers = count, .width = one->width});
    if (one->below)
        OK(filch_context_create_until(&above, NULL, filch_in(FILCH_SECOND / 50)));
    options.context = above;
    options.done = told;
    options.drop = fate_dropped;
    options.done_after_return = true;
    filch_job *job = NULL;
    int rc = filch_pool_submit(&job, pool, works, &at, &options, FILCH_FOREVER);
    cr_assert(!rc || (one->below && rc == -ETIMEDOUT), "%s", filch_error());
    if (!rc)
        cr_assert_eq(filch_job_wait(job, FILCH_FOREVER), -ETIMEDOUT, "%s", one->what);
    bool began = signpost_count(&at.begun);
    if (began) {
        for (unsigned i = 0; i < 20; i++)
            sched_yield();
        cr_assert_eq(fate_count(&at.of), 0, "%s: told while it runs", one->what);
    }
    filch_job_release(job);
    signpost_raise(&at.go);
    OK(filch_pool_destroy(pool));
    cr_assert_eq(signpost_count(&at.early), 0, "%s", one->what);
    cr_assert_eq(fate_count(&at.of), !rc, "%s: once", one->what);
    cr_assert_eq(signpost_count(&at.of.dropped), !rc, "%s", one->what);
    filch_context_release(above);
    return began;
}

Test(after_return, timed_out_job_reports_after_return)
{
    for (unsigned i = 0; i < VARIANTS; i++)
        for (unsigned j = 0; j < COUNTS; j++)
            WAIT_WHILE(!waits_for_its_function(&variants[i], workers[j]));
}

/* false: it timed out before its function began, which leaves nothing to test. */
static bool is_told_before_return(void)
{
    work at = {.asks = false};
    filch_pool *pool = pool_of((filch_pool_config){.workers = 2, .width = 1});
    cr_assert_eq(FILCH_SUBMIT_AS(pool, works, &at, .done = told, .run_timeout = FILCH_MILLISECOND),
                 0);
    signpost_wait(&at.of.told[FILCH_TIMED_OUT], 1);
    const bool early = signpost_count(&at.early);
    signpost_raise(&at.go);
    OK(filch_pool_destroy(pool));
    cr_assert_eq(fate_count(&at.of), 1);
    return early;
}

Test(after_return, outcome_precedes_return_without_option)
{
    WAIT_WHILE(!is_told_before_return());
}

Test(after_return, results_list_waits_for_return)
{
    work at = {.asks = false};
    filch_results *results;
    filch_job *come = NULL;
    OK(filch_results_create(&results));
    filch_pool *pool = pool_of((filch_pool_config){.workers = 2, .width = 1});
    filch_job *job = job_of(pool, works, &at,
                            &(filch_job_options){.results = results,
                                                 .run_timeout = FILCH_MILLISECOND,
                                                 .done_after_return = true});
    cr_assert_eq(filch_job_wait(job, FILCH_FOREVER), -ETIMEDOUT);
    cr_assert_eq(filch_results_length(results), 0);
    signpost_raise(&at.go);
    OK(filch_results_take(results, &come, FILCH_FOREVER));
    cr_assert_eq(come, job);
    cr_assert_eq(signpost_count(&at.inside), 0);
    filch_job_release(come);
    filch_job_release(job);
    OK(filch_pool_destroy(pool));
    OK(filch_results_destroy(results));
}

/* ---- Other ends ---- */

static const struct end {
    filch_job_fn *fn;
    filch_outcome outcome;
} ends[] = {{succeeds, FILCH_SUCCEEDED}, {fails, FILCH_FAILED}, {panics, FILCH_PANICKED}};

Test(after_return, each_function_outcome_is_reported_once)
{
    for (unsigned i = 0; i < sizeof ends / sizeof *ends; i++)
        for (unsigned j = 0; j < 2 * COUNTS; j++) {
            fate of = {0};
            filch_pool *pool =
                pool_of((filch_pool_config){.workers = workers[j / 2], .width = j % 2});
            cr_assert_eq(FILCH_SUBMIT_AS(pool, ends[i].fn, &of, .done = fate_told,
                                         .drop = fate_dropped, .done_after_return = true),
                         0);
            OK(filch_pool_destroy(pool));
            cr_assert_eq(fate_outcome(&of), ends[i].outcome);
            cr_assert_eq(signpost_count(&of.dropped), 1);
        }
}

static int fails_twice(filch_self self, filch_job *job, void *data)
{
    return filch_job_attempts(job) < 3 ? -EAGAIN : 0;
}

Test(after_return, retried_job_reports_after_last_attempt)
{
    static const filch_retry_policy retry = {.attempts = 3, .base = 1, .cap = 1};
    for (unsigned i = 0; i < COUNTS; i++) {
        fate of = {0};
        filch_pool *pool =
            pool_of((filch_pool_config){.workers = workers[i], .width = 1, .retry = &retry});
        cr_assert_eq(FILCH_SUBMIT_AS(pool, fails_twice, &of, .done = fate_told,
                                     .done_after_return = true, .run_timeout = 3600 * FILCH_SECOND),
                     0);
        OK(filch_pool_destroy(pool));
        cr_assert_eq(fate_outcome(&of), FILCH_SUCCEEDED);
    }
}

Test(after_return, dead_letter_is_reported_once)
{
    fate of = {0};
    filch_dead_letter_queue *letters;
    fate_of_letter = &of;
    OK(filch_dead_letter_queue_create(&letters, NULL));
    filch_pool *pool =
        pool_of((filch_pool_config){.workers = 2, .width = 1, .dead_letters = letters});
    cr_assert_eq(FILCH_SUBMIT_AS(pool, fails, &of, .done = fate_told_apart, .drop = fate_dropped,
                                 .done_after_return = true),
                 0);
    OK(filch_pool_destroy(pool));
    cr_assert_eq(fate_outcome(&of), FILCH_DEAD_LETTERED);
    filch_dead_letter_queue_destroy(letters);
    cr_assert_eq(signpost_count(&of.dropped), 1);
}

Test(after_return, unbegun_job_is_reported_at_once)
{
    gate at;
    fate cancelled = {0}, late = {0}, dropped = {0}, rest = {0};
    filch_pool *pool = pool_of((filch_pool_config){
        .workers = 2, .width = 1, .capacity = 2, .full = FILCH_FULL_DROP_NEWEST});
    block(pool, &at);
    filch_job *job = job_of(pool, succeeds, &cancelled,
                            &(filch_job_options){.done = fate_counted, .done_after_return = true});
    cr_assert_eq(FILCH_SUBMIT_AS(pool, succeeds, &late, .done = fate_counted, .timeout = 1000,
                                 .done_after_return = true),
                 0);
    OK(filch_job_cancel(job));
    signpost_wait(&cancelled.told[FILCH_CANCELLED], 1);
    signpost_wait(&late.told[FILCH_TIMED_OUT], 1);
    filch_job_release(job);
    for (unsigned i = 0; i < 3; i++)
        cr_assert_eq(FILCH_SUBMIT_AS(pool, succeeds, i < 2 ? &rest : &dropped, .done = fate_counted,
                                     .done_after_return = true),
                     0);
    signpost_wait(&dropped.told[FILCH_DROPPED], 1);
    cr_assert_eq(filch_pool_shutdown_now(pool), 2);
    signpost_wait(&rest.told[FILCH_CANCELLED], 2);
    signpost_raise(&at.go);
    OK(filch_pool_destroy(pool));
    cr_assert_eq(fate_count(&cancelled) + fate_count(&late) + fate_count(&dropped), 3);
    cr_assert_eq(fate_count(&rest), 2);
}
