/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Pools whose jobs pass policies: retry, limiter, breaker, dead letters, adaptive width; keys. */
#include <stdlib.h>
#include <string.h>
#include <tests/support/pools.h>

enum { JOBS = 60 };

static filch_retry_policy quick = {.attempts = 4, .base = 1000, .cap = 200000};

/* A job that fails so many times, and what it has seen. */
struct stubborn {
    unsigned failures;
    filch_u32 calls, told, dropped;
    filch_outcome outcome;
    filch_failure why;
    void *data_told;
    int code; /* it fails with; 0: it panics */
};

static int fails_for_now(filch_self self, filch_job *job, void *arg)
{
    struct stubborn *one = arg;
    (void)self, (void)job;
    unsigned call = filch_u32_add(&one->calls, 1, FILCH_RELAXED) + 1;
    if (filch_job_attempts(job) > call) /* a permit or a breaker may refuse in between */
        return -ENOTRECOVERABLE;
    if (call > one->failures)
        return 0;
    if (!one->code)
        FILCH_PANIC(-EAGAIN, "attempt %u", call);
    return one->code;
}

static struct stubborn *noted; /* whose data is the letter's now */

static void told(filch_job *job, filch_outcome outcome, const filch_failure *why, void *data)
{
    struct stubborn *one = data ? data : noted;
    (void)job;
    one->outcome = outcome;
    one->data_told = data;
    if (why)
        one->why = *why;
    filch_u32_add(&one->told, 1, FILCH_RELEASE);
}

static void drop(void *data)
{
    struct stubborn *one = data;
    filch_u32_add(&one->dropped, 1, FILCH_RELEASE);
}

static void run_one(filch_pool *pool, struct stubborn *one)
{
    noted = one;
    cr_assert_eq(FILCH_SUBMIT_AS(pool, fails_for_now, one, .done = told, .drop = drop), 0, "%s",
                 filch_error());
    cr_assert_eq(filch_pool_wait(pool, FILCH_FOREVER), 0);
    cr_assert_eq(filch_u32_load(&one->told, FILCH_ACQUIRE), 1);
}

/* ---- Retry ---- */

static void expect_retries(filch_pool *pool)
{
    static const struct {
        unsigned failures, calls;
        int code;
        filch_outcome outcome;
    } rows[] = {
        {0, 1, -EAGAIN, FILCH_SUCCEEDED}, {1, 2, -EAGAIN, FILCH_SUCCEEDED},
        {3, 4, 0, FILCH_SUCCEEDED},       {4, 4, -EAGAIN, FILCH_FAILED},
        {9, 4, 0, FILCH_PANICKED},        {2, 1, -EINVAL, FILCH_FAILED},
    };
    for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct stubborn one = {.failures = rows[i].failures, .code = rows[i].code};
        run_one(pool, &one);
        cr_assert_eq(filch_u32_load(&one.calls, FILCH_RELAXED), rows[i].calls, "row %u", i);
        cr_assert_eq(one.outcome, rows[i].outcome, "row %u", i);
        cr_assert_eq(filch_u32_load(&one.dropped, FILCH_ACQUIRE), 1);
    }
}

Test(pool_policies, what_failed_for_now_is_tried_again)
{
    for (unsigned c = 0; c < CONFIGS; c++) {
        filch_runtime *rt = config_runtime(c, 10000);
        for (unsigned width = 0; width < 3; width++) { /* 0: direct */
            filch_pool_stats stats;
            filch_pool *pool = pool_of(
                (filch_pool_config){.runtime = rt, .width = width, .retry = &quick, .timed = true});
            expect_retries(pool);
            filch_pool_stats_read(pool, &stats);
            cr_assert_eq(stats.retries, 10);
            cr_assert_eq(stats.delayed + stats.waiting + stats.running, 0);
            cr_assert_eq(filch_pool_destroy(pool), 0);
        }
        cr_assert_eq(filch_runtime_destroy(rt), 0);
    }
}

Test(pool_policies, a_job_may_have_a_retry_policy_of_its_own)
{
    filch_pool *pool = pool_of((filch_pool_config){.workers = 2});
    struct stubborn one = {.failures = 2, .code = -EBUSY};
    const filch_retry_policy bad = {.factor = -1};
    cr_assert_eq(FILCH_SUBMIT_AS(pool, fails_for_now, &one, .retry = &bad), -EINVAL);
    cr_assert_eq(FILCH_SUBMIT_AS(pool, fails_for_now, &one, .retry = &quick), 0);
    cr_assert_eq(filch_pool_destroy(pool), 0);
    cr_assert_eq(filch_u32_load(&one.calls, FILCH_RELAXED), 3);
}

static filch_retry_policy patient = {.attempts = FILCH_RETRY_FOR_EVER,
                                     .base = 3600 * FILCH_SECOND,
                                     .cap = 3600 * FILCH_SECOND,
                                     .jitter = FILCH_JITTER_NONE};

/* Its first attempt has failed. */
static filch_job *delayed_job(filch_pool *pool, struct stubborn *one)
{
    filch_job *job;
    filch_pool_stats stats;
    const filch_job_options options = {.name = "delayed", .done = told, .drop = drop};
    noted = one;
    cr_assert_eq(filch_pool_submit(&job, pool, fails_for_now, one, &options, FILCH_FOREVER), 0);
    do
        filch_pool_stats_read(pool, &stats);
    while (!stats.delayed);
    cr_assert_eq(stats.waiting, 1);
    cr_assert_eq(stats.running, 0);
    return job;
}

static void expect_cancelled(filch_pool *pool, filch_job *job, struct stubborn *one)
{
    cr_assert_eq(filch_job_wait(job, FILCH_FOREVER), -ECANCELED);
    cr_assert_eq(filch_job_attempts(job), 1);
    filch_job_release(job);
    cr_assert_eq(filch_pool_destroy(pool), 0);
    cr_assert_eq(filch_u32_load(&one->told, FILCH_ACQUIRE), 1);
    cr_assert_eq(filch_u32_load(&one->dropped, FILCH_ACQUIRE), 1);
}

Test(pool_policies, a_delayed_job_can_be_cancelled)
{
    filch_pool *pool = pool_of((filch_pool_config){.workers = 2, .width = 1, .retry = &patient});
    struct stubborn one = {.failures = 9, .code = -EAGAIN};
    filch_job *job = delayed_job(pool, &one);
    cr_assert_eq(filch_job_set_priority(job, 3), 0);
    cr_assert_eq(filch_job_cancel(job), 0);
    expect_cancelled(pool, job, &one);
}

Test(pool_policies, shutdown_cancels_what_is_delayed)
{
    filch_pool *pool = pool_of((filch_pool_config){.workers = 2, .retry = &patient});
    struct stubborn one = {.failures = 9, .code = -EAGAIN};
    filch_job *job = delayed_job(pool, &one);
    cr_assert_eq(filch_pool_shutdown(pool, filch_in(1000)), -ETIMEDOUT);
    expect_cancelled(pool, job, &one);
}

Test(pool_policies, the_end_of_the_pools_context_reaches_what_is_delayed)
{
    filch_context *context;
    filch_pool_stats stats;
    cr_assert_eq(filch_context_create(&context, NULL), 0);
    filch_pool *pool =
        pool_of((filch_pool_config){.workers = 2, .context = context, .retry = &patient});
    struct stubborn one = {.failures = 9, .code = -EAGAIN};
    cr_assert_eq(FILCH_SUBMIT(pool, fails_for_now, &one), 0);
    do
        filch_pool_stats_read(pool, &stats);
    while (!stats.delayed);
    filch_context_cancel(context, -EINTR);
    cr_assert_eq(filch_pool_wait(pool, FILCH_FOREVER), 0);
    filch_pool_stats_read(pool, &stats);
    cr_assert_eq(stats.outcomes[FILCH_CANCELLED], 1);
    cr_assert_eq(filch_pool_destroy(pool), 0);
    filch_context_release(context);
}

/* ---- Limiter ---- */

static filch_u64 newest_start;

static int note_start(filch_self self, filch_job *job, void *unused)
{
    (void)self, (void)job, (void)unused;
    filch_u64_store(&newest_start, (uint64_t)filch_now(), FILCH_RELAXED);
    return 0;
}

Test(pool_policies, jobs_begin_as_the_limiter_lets_them)
{
    for (unsigned c = 0; c < CONFIGS; c++) {
        filch_limiter *limiter;
        filch_runtime *rt = config_runtime(c, 10000);
        cr_assert_eq(filch_limiter_create(&limiter, (filch_limit){.rate = 4000, .burst = 5}), 0);
        filch_pool *pool =
            pool_of((filch_pool_config){.runtime = rt, .width = c % 3, .limiter = limiter});
        int64_t from = filch_now();
        for (unsigned i = 0; i < JOBS; i++)
            cr_assert_eq(FILCH_SUBMIT(pool, note_start, NULL), 0);
        cr_assert_eq(filch_pool_destroy(pool), 0);
        int64_t took = (int64_t)filch_u64_load(&newest_start, FILCH_RELAXED) - from;
        cr_assert_geq(took, (JOBS - 5) * FILCH_SECOND / 4000 - 1000);
        filch_limiter_destroy(limiter);
        cr_assert_eq(filch_runtime_destroy(rt), 0);
    }
}

Test(pool_policies, who_would_get_a_permit_too_late_is_told_at_once)
{
    filch_limiter *limiter;
    filch_job *job;
    cr_assert_eq(filch_limiter_create(
                     &limiter, (filch_limit){.rate = 1, .burst = 1, .period = 1000 * FILCH_SECOND}),
                 0);
    filch_pool *pool = pool_of((filch_pool_config){.workers = 1, .limiter = limiter});
    cr_assert_eq(FILCH_SUBMIT(pool, note_start, NULL), 0);
    const filch_job_options options = {.timeout = 60 * FILCH_SECOND};
    cr_assert_eq(filch_pool_wait(pool, FILCH_FOREVER), 0);
    cr_assert_eq(filch_pool_submit(&job, pool, note_start, NULL, &options, FILCH_FOREVER), 0);
    cr_assert_eq(filch_job_wait(job, FILCH_FOREVER), -ETIMEDOUT);
    cr_assert_eq(filch_job_attempts(job), 0);
    filch_job_release(job);
    cr_assert_eq(filch_pool_destroy(pool), 0);
    filch_limiter_destroy(limiter);
}

Test(pool_policies, a_permit_that_was_not_used_goes_back)
{
    filch_limiter *limiter;
    filch_job *job;
    cr_assert_eq(filch_limiter_create(
                     &limiter, (filch_limit){.rate = 1, .burst = 1, .period = 100 * FILCH_SECOND}),
                 0);
    filch_pool *pool = pool_of((filch_pool_config){.workers = 1, .limiter = limiter});
    cr_assert_eq(FILCH_SUBMIT(pool, note_start, NULL), 0);
    cr_assert_eq(filch_pool_wait(pool, FILCH_FOREVER), 0);
    struct stubborn one = {0};
    job = delayed_job(pool, &one);
    cr_assert_eq(filch_job_cancel(job), 0);
    cr_assert_eq(filch_job_wait(job, FILCH_FOREVER), -ECANCELED);
    filch_job_release(job);
    cr_assert_eq(filch_pool_destroy(pool), 0);
    filch_reservation next;
    cr_assert_eq(filch_limiter_reserve(limiter, 1, &next), 0);
    cr_assert_leq(next.at, filch_in(101 * FILCH_SECOND), "not one later");
    filch_limiter_destroy(limiter);
}

/* ---- Breaker ---- */

Test(pool_policies, an_open_breaker_refuses_jobs)
{
    filch_breaker *breaker;
    filch_breaker_stats stats;
    cr_assert_eq(filch_breaker_create(&breaker, &(filch_breaker_config){.consecutive = 3}), 0);
    filch_pool *pool = pool_of((filch_pool_config){.workers = 2, .breaker = breaker});
    for (unsigned i = 0; i < 5; i++) {
        struct stubborn one = {.failures = 9, .code = i & 1 ? 0 : -EIO};
        run_one(pool, &one);
        cr_assert_eq(filch_u32_load(&one.calls, FILCH_RELAXED), i < 3);
        cr_assert_eq(one.outcome, i == 1 ? FILCH_PANICKED : FILCH_FAILED);
        cr_assert_eq(one.why.code, i >= 3 ? -EHOSTDOWN : i == 1 ? -EAGAIN : -EIO);
    }
    filch_breaker_look(breaker, &stats);
    cr_assert_eq(stats.refused, 2);
    cr_assert_eq(stats.failed, 3);
    cr_assert_eq(filch_pool_destroy(pool), 0);
    filch_breaker_destroy(breaker);
}

static filch_breaker_verdict panics(int code, void *arg)
{
    (void)code, (void)arg;
    FILCH_PANIC(-EBADMSG, "no verdict");
}

static filch_u32 panics_reported;

static void count_panic(const filch_failure *failure)
{
    if (failure->code == -EBADMSG)
        filch_u32_add(&panics_reported, 1, FILCH_RELAXED);
}

Test(pool_policies, a_policy_that_panics_ends_no_worker)
{
    filch_panic_handler *before = filch_set_panic_handler(count_panic);
    filch_breaker *breaker;
    cr_assert_eq(filch_breaker_create(&breaker, &(filch_breaker_config){.judge = panics}), 0);
    filch_pool *pool = pool_of((filch_pool_config){.workers = 2, .breaker = breaker});
    struct stubborn one = {0};
    run_one(pool, &one);
    cr_assert_eq(one.outcome, FILCH_SUCCEEDED);
    cr_assert_eq(filch_pool_destroy(pool), 0);
    cr_assert_eq(filch_u32_load(&panics_reported, FILCH_RELAXED), 1);
    filch_set_panic_handler(before);
    filch_breaker_destroy(breaker);
}

/* ---- Dead letters ---- */

Test(pool_policies, what_failed_for_good_becomes_a_letter)
{
    for (unsigned c = 0; c < CONFIGS; c++) {
        filch_letters *letters;
        filch_letter *letter;
        filch_runtime *rt = config_runtime(c, 10000);
        cr_assert_eq(filch_letters_create(&letters, NULL), 0);
        filch_pool *pool = pool_of((
            filch_pool_config){.runtime = rt, .width = c % 3, .retry = &quick, .letters = letters});
        struct stubborn good = {.failures = 1, .code = -EAGAIN}, bad = {.failures = 9, .code = 0};
        run_one(pool, &good);
        run_one(pool, &bad);
        cr_assert_eq(good.outcome, FILCH_SUCCEEDED);
        cr_assert_eq(bad.outcome, FILCH_DEAD_LETTERED);
        cr_assert_eq(bad.why.code, -EAGAIN);
        cr_assert_null(bad.data_told);
        cr_assert_eq(filch_pool_destroy(pool), 0);
        cr_assert_eq(filch_u32_load(&bad.dropped, FILCH_ACQUIRE), 0);
        cr_assert_eq(filch_letters_next(letters, 0, &letter), 0);
        cr_assert_eq(letter->data, &bad);
        cr_assert_eq(letter->attempts, 4);
        cr_assert_str_eq(letter->name, "fails_for_now");
        cr_assert_str_eq(letter->failure.message, "attempt 4");
        filch_letter_release(letter);
        filch_letters_destroy(letters);
        cr_assert_eq(filch_u32_load(&bad.dropped, FILCH_ACQUIRE), 1);
        cr_assert_eq(filch_runtime_destroy(rt), 0);
    }
}

/* ---- Adaptive width ---- */

static filch_u32 in_progress, most;

static int counts(filch_self self, filch_job *job, void *unused)
{
    (void)job, (void)unused;
    uint32_t now = filch_u32_add(&in_progress, 1, FILCH_RELAXED) + 1;
    uint32_t was = filch_u32_load(&most, FILCH_RELAXED);
    while (was < now && !filch_u32_cas(&most, &was, now, FILCH_RELAXED))
        ;
    filch_yield(self);
    filch_u32_add(&in_progress, (uint32_t)-1, FILCH_RELAXED);
    return 0;
}

Test(pool_policies, an_adaptive_width_stays_within_its_bounds)
{
    const filch_adaptive_config config = {.min = 2, .max = 5, .start = 3};
    filch_pool_stats stats;
    filch_pool *pool = NULL;
    cr_assert_eq(filch_pool_create(&pool, &(filch_pool_config){.adaptive = &config, .width = 2}),
                 -EINVAL);
    pool = pool_of((filch_pool_config){.workers = 2, .adaptive = &config});
    filch_pool_stats_read(pool, &stats);
    cr_assert_eq(stats.width, 3);
    cr_assert_eq(filch_pool_resize(pool, 2), -EINVAL);
    for (unsigned i = 0; i < 20 * JOBS; i++)
        cr_assert_eq(FILCH_SUBMIT(pool, counts, NULL), 0);
    cr_assert_eq(filch_pool_wait(pool, FILCH_FOREVER), 0);
    filch_pool_stats_read(pool, &stats);
    cr_assert(stats.width >= 2 && stats.width <= 5);
    cr_assert_leq(filch_u32_load(&most, FILCH_RELAXED), 5);
    cr_assert_eq(filch_pool_destroy(pool), 0);
}

/* As long as all are in use and none takes longer than another. */
Test(pool_policies, an_adaptive_width_rises_when_it_is_used)
{
    const filch_adaptive_config config = {.min = 1, .max = 4, .start = 1, .tolerance = 10000};
    filch_pool_stats stats;
    filch_pool *pool = pool_of((filch_pool_config){.workers = 2, .adaptive = &config});
    do {
        for (unsigned i = 0; i < JOBS; i++)
            cr_assert_eq(FILCH_SUBMIT(pool, counts, NULL), 0);
        cr_assert_eq(filch_pool_wait(pool, FILCH_FOREVER), 0);
        filch_pool_stats_read(pool, &stats);
    } while (stats.width < 3);
    cr_assert_eq(filch_pool_destroy(pool), 0);
}

/* ---- Capacity ---- */

Test(pool_policies, what_is_delayed_takes_room)
{
    filch_limiter *limiter;
    filch_pool_stats stats;
    cr_assert_eq(filch_limiter_create(
                     &limiter, (filch_limit){.rate = 1, .burst = 1, .period = 1000 * FILCH_SECOND}),
                 0);
    for (unsigned drop_one = 0; drop_one < 2; drop_one++) {
        filch_when_full full = drop_one ? FILCH_FULL_DROP_OLDEST : FILCH_FULL_REJECT;
        filch_pool *pool = pool_of((filch_pool_config){
            .workers = 2, .width = 1, .capacity = 3, .full = full, .limiter = limiter});
        do {
            FILCH_SUBMIT(pool, note_start, NULL);
            filch_pool_stats_read(pool, &stats);
        } while (stats.delayed < 3);
        int rc = FILCH_SUBMIT(pool, note_start, NULL);
        cr_assert_eq(rc, drop_one ? 0 : -EAGAIN);
        filch_pool_stats_read(pool, &stats);
        cr_assert(stats.waiting == 3 || stats.waiting == 4, "one may come back from progress");
        cr_assert_geq(stats.outcomes[FILCH_DROPPED], drop_one);
        filch_pool_shutdown_now(pool);
        cr_assert_eq(filch_pool_destroy(pool), 0);
    }
    filch_limiter_destroy(limiter);
}

/* ---- Keys, traces ---- */

Test(pool_policies, of_jobs_with_one_key_one_is_accepted_at_a_time)
{
    gate at;
    filch_pool_stats stats;
    char key[] = "mail 7";
    filch_pool *pool = pool_of((filch_pool_config){.workers = 2, .width = 1, .capacity = 2});
    block(pool, &at);
    cr_assert_eq(FILCH_SUBMIT_AS(pool, note_start, NULL, .key = key), 0);
    cr_assert_eq(FILCH_SUBMIT_AS(pool, note_start, NULL, .key = "mail 7"), -EEXIST);
    cr_assert_not_null(strstr(filch_error(), "mail 7"));
    key[5] = '8';
    cr_assert_eq(FILCH_SUBMIT_AS(pool, note_start, NULL, .key = key), 0);
    cr_assert_eq(filch_pool_submit(NULL, pool, note_start, NULL,
                                   &(filch_job_options){.key = "mail 9"}, filch_in(1000)),
                 -ETIMEDOUT, "full");
    signpost_raise(&at.go);
    cr_assert_eq(filch_pool_wait(pool, FILCH_FOREVER), 0);
    for (unsigned i = 7; i < 10; i++) {
        key[5] = (char)('0' + i);
        cr_assert_eq(FILCH_SUBMIT_AS(pool, note_start, NULL, .key = key), 0, "%s", key);
    }
    cr_assert_eq(filch_pool_wait(pool, FILCH_FOREVER), 0);
    filch_pool_stats_read(pool, &stats);
    cr_assert_eq(stats.outcomes[FILCH_SUCCEEDED], 6);
    cr_assert_eq(stats.refused, 2);
    cr_assert_eq(filch_pool_destroy(pool), 0);
}

static int keep_trace(filch_self self, filch_job *job, void *out)
{
    (void)self;
    *(filch_trace *)out = filch_job_trace(job);
    return 0;
}

Test(pool_policies, a_job_is_a_span_of_the_trace_that_it_is_given)
{
    filch_trace caller, seen, none;
    filch_pool *pool = pool_of((filch_pool_config){.workers = 1});
    filch_trace_start(&caller, true);
    cr_assert_eq(FILCH_SUBMIT_AS(pool, keep_trace, &seen, .trace = &caller), 0);
    cr_assert_eq(FILCH_SUBMIT(pool, keep_trace, &none), 0);
    cr_assert_eq(filch_pool_destroy(pool), 0);
    cr_assert_arr_eq(seen.trace, caller.trace, sizeof seen.trace);
    cr_assert_neq(memcmp(seen.span, caller.span, sizeof seen.span), 0);
    cr_assert_eq(none.trace[0] | none.flags, 0);
}
