/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Jobs that a breaker holds, refuses, or cannot judge. */
#include <filch/dead_letters.h>
#include <filch/limiter.h>
#include <tests/support/pools.h>
#include <tests/support/test.h>

Test(pool_breaker, an_open_breaker_refuses_jobs)
{
    filch_breaker *breaker;
    filch_breaker_stats stats;
    OK(filch_breaker_create(&breaker, &(filch_breaker_config){.consecutive = 3}));
    filch_pool *pool = pool_of((filch_pool_config){.workers = 2,
                                                   .breaker = breaker,
                                                   .breaker_full = FILCH_BREAKER_FULL_FAIL});
    for (unsigned i = 0; i < 5; i++) {
        stubborn one = {.failures = 9, .code = i & 1 ? 0 : -EIO};
        stubborn_run(pool, &one);
        cr_assert_eq(filch_u32_load(&one.calls, FILCH_RELAXED), i < 3);
        cr_assert_eq(fate_outcome(&one.end), i == 1 ? FILCH_PANICKED : FILCH_FAILED);
        cr_assert_eq(one.end.why.code, i >= 3 ? -EHOSTDOWN : i == 1 ? -EAGAIN : -EIO);
    }
    filch_breaker_stats_read(breaker, &stats, sizeof stats);
    cr_assert_eq(stats.refused, 2);
    cr_assert_eq(stats.failed, 3);
    OK(filch_pool_destroy(pool));
    filch_breaker_destroy(breaker);
}

/* ---- Jobs that are held ---- */

enum { JOBS = 40, SHAPES = 6 };

/* Width 0: direct. */
static const filch_pool_config shapes[SHAPES] = {{.workers = 1, .width = 1},
                                                 {.workers = 2, .width = 4},
                                                 {.workers = 8, .width = 8},
                                                 {.workers = 1},
                                                 {.workers = 2},
                                                 {.workers = 8}};

static filch_u32 calls;

/* The first call fails. */
static int ask_server(filch_self self, filch_job *job, void *data)
{
    return filch_u32_add(&calls, 1, FILCH_ACQ_REL) ? 0 : -EIO;
}

static filch_breaker *breaker_of(int64_t open_time)
{
    filch_breaker *breaker;
    const filch_breaker_config config = {.consecutive = 1, .open_time = open_time};
    OK(filch_breaker_create(&breaker, &config));
    return breaker;
}

static filch_dead_letter_queue *letters_of(void)
{
    filch_dead_letter_queue *letters;
    OK(filch_dead_letter_queue_create(&letters, NULL));
    return letters;
}

Test(pool_breaker, an_open_breaker_holds_the_queue)
{
    for (unsigned i = 0; i < SHAPES; i++) {
        filch_breaker *breaker = breaker_of(FILCH_SECOND / 50);
        filch_dead_letter_queue *letters = letters_of();
        filch_pool_config config = shapes[i];
        config.breaker = breaker;
        config.dead_letters = letters;
        filch_pool *pool = pool_of(config);
        calls = (filch_u32){0};
        for (unsigned job = 0; job < JOBS; job++)
            cr_assert_eq(FILCH_SUBMIT(pool, ask_server, NULL), 0);
        OK(filch_pool_wait(pool, FILCH_FOREVER));
        const filch_pool_stats stats = stats_of(pool);
        cr_assert_eq(stats.outcomes[FILCH_DEAD_LETTERED], 1, "shape %u", i);
        cr_assert_eq(stats.outcomes[FILCH_SUCCEEDED], JOBS - 1);
        cr_assert_eq(stats.retries, 0, "no attempt was counted");
        OK(filch_pool_destroy(pool));
        filch_dead_letter_queue_destroy(letters);
        filch_breaker_destroy(breaker);
    }
}

static unsigned order[JOBS], begun;

static int note(filch_self self, filch_job *job, void *data)
{
    order[begun++] = (unsigned)(uintptr_t)data;
    return begun == 1 ? -EIO : 0;
}

Test(pool_breaker, held_jobs_keep_their_order)
{
    filch_breaker *breaker = breaker_of(FILCH_SECOND / 50);
    filch_pool *pool = pool_of(
        (filch_pool_config){.workers = 2, .width = 1, .order = FILCH_FIFO, .breaker = breaker});
    begun = 0;
    for (uintptr_t i = 0; i < JOBS; i++)
        cr_assert_eq(FILCH_SUBMIT(pool, note, (void *)i), 0);
    OK(filch_pool_destroy(pool));
    cr_assert_eq(begun, JOBS);
    for (unsigned i = 0; i < JOBS; i++)
        cr_assert_eq(order[i], i);
    filch_breaker_destroy(breaker);
}

Test(pool_breaker, a_reset_lets_held_jobs_go)
{
    for (unsigned i = 0; i < SHAPES; i++) {
        filch_breaker *breaker = breaker_of(FILCH_SECOND);
        filch_pool_config config = shapes[i];
        config.breaker = breaker;
        filch_pool *pool = pool_of(config);
        OK(filch_breaker_trip(breaker, FILCH_FOREVER));
        filch_job *job = job_of(pool, succeeds, NULL, NULL);
        for (unsigned more = 1; more < JOBS; more++)
            cr_assert_eq(FILCH_SUBMIT(pool, succeeds, NULL), 0);
        cr_assert_eq(filch_pool_wait(pool, filch_in(FILCH_MILLISECOND)), -ETIMEDOUT);
        cr_assert_eq(filch_job_outcome(job), FILCH_UNDECIDED);
        cr_assert_eq(filch_job_attempts(job), 0);
        filch_breaker_reset(breaker);
        filch_job_release(job);
        OK(filch_pool_wait(pool, FILCH_FOREVER));
        cr_assert_eq(stats_of(pool).outcomes[FILCH_SUCCEEDED], JOBS);
        OK(filch_pool_destroy(pool));
        filch_breaker_destroy(breaker);
    }
}

Test(pool_breaker, held_jobs_can_end)
{
    for (unsigned i = 0; i < SHAPES; i++) {
        filch_breaker *breaker = breaker_of(FILCH_SECOND);
        filch_pool_config config = shapes[i];
        config.breaker = breaker;
        filch_pool *pool = pool_of(config);
        const filch_job_options hurried = {.timeout = FILCH_MILLISECOND};
        OK(filch_breaker_trip(breaker, FILCH_FOREVER));
        filch_job *late = job_of(pool, succeeds, NULL, &hurried),
                  *cancelled = job_of(pool, succeeds, NULL, NULL),
                  *waiting = job_of(pool, succeeds, NULL, NULL);
        cr_assert_eq(filch_job_wait(late, FILCH_FOREVER), -ETIMEDOUT);
        OK(filch_job_cancel(cancelled));
        cr_assert_eq(filch_job_wait(cancelled, FILCH_FOREVER), -ECANCELED);
        cr_assert_eq(filch_pool_shutdown(pool, 0), -ETIMEDOUT);
        cr_assert_eq(filch_job_outcome(waiting), FILCH_CANCELLED);
        filch_job_release(late);
        filch_job_release(cancelled);
        filch_job_release(waiting);
        OK(filch_pool_destroy(pool));
        filch_breaker_destroy(breaker);
    }
}

Test(pool_breaker, held_jobs_use_no_permits)
{
    enum { PERMITS = JOBS + 2 };
    for (unsigned i = 0; i < SHAPES; i++) {
        filch_breaker *breaker = breaker_of(FILCH_SECOND / 50);
        filch_limiter *limiter;
        const filch_limit limit = {.rate = 1, .burst = PERMITS, .period = 1000 * FILCH_SECOND};
        OK(filch_limiter_create(&limiter, limit));
        /* The stretch of the first permit begins now: given back later it is in the past, in part, and lost. */
        OK(filch_limiter_allow(limiter, 1));
        filch_pool_config config = shapes[i];
        config.breaker = breaker;
        config.limiter = limiter;
        filch_pool *pool = pool_of(config);
        calls = (filch_u32){0};
        for (unsigned job = 0; job < JOBS; job++)
            cr_assert_eq(FILCH_SUBMIT(pool, ask_server, NULL), 0);
        OK(filch_pool_destroy(pool));
        cr_assert_eq(filch_limiter_allow(limiter, 1), 0, "shape %u", i);
        cr_assert_eq(filch_limiter_allow(limiter, 1), -EAGAIN);
        filch_limiter_destroy(limiter);
        filch_breaker_destroy(breaker);
    }
}

/* ---- Jobs that fail ---- */

static bool always(int code, void *arg)
{
    return true;
}

static void expect_letter(bool tripped, int code)
{
    static const filch_retry_policy retry = {.attempts = 2,
                                             .base = FILCH_MICROSECOND,
                                             .retryable = always};
    filch_breaker *breaker = breaker_of(1000 * FILCH_SECOND);
    filch_dead_letter_queue *letters = letters_of();
    filch_dead_letter *letter;
    filch_pool *pool = pool_of((filch_pool_config){.workers = 2,
                                                   .width = 1,
                                                   .breaker = breaker,
                                                   .breaker_full = FILCH_BREAKER_FULL_FAIL,
                                                   .retry = &retry,
                                                   .dead_letters = letters});
    if (tripped)
        OK(filch_breaker_trip(breaker, FILCH_FOREVER));
    cr_assert_eq(FILCH_SUBMIT(pool, fails, NULL), 0);
    OK(filch_pool_destroy(pool));
    OK(filch_dead_letter_queue_next(letters, 0, &letter));
    cr_assert_eq(letter->failure.code, code, "%s", letter->failure.message);
    cr_assert_eq(letter->attempts, 2);
    filch_dead_letter_release(letter);
    filch_dead_letter_queue_destroy(letters);
    filch_breaker_destroy(breaker);
}

Test(pool_breaker, a_letter_keeps_the_last_call)
{
    expect_letter(false, -EIO);
}

Test(pool_breaker, a_letter_without_call_names_breaker)
{
    expect_letter(true, -EHOSTDOWN);
}

/* ---- Panics ---- */

static filch_breaker_verdict judges_by_panic(int code, void *arg)
{
    FILCH_PANIC(-EBADMSG, "no verdict");
}

static filch_u32 panics_reported;

static void count_panic(const filch_failure *failure)
{
    if (failure->code == -EBADMSG)
        filch_u32_add(&panics_reported, 1, FILCH_RELAXED);
}

Test(pool_breaker, panicking_policy_ends_no_worker)
{
    filch_panic_handler *before = filch_set_panic_handler(count_panic);
    filch_breaker *breaker;
    OK(filch_breaker_create(&breaker, &(filch_breaker_config){.judge = judges_by_panic}));
    filch_pool *pool = pool_of((filch_pool_config){.workers = 2, .breaker = breaker});
    stubborn one = {0};
    stubborn_run(pool, &one);
    cr_assert_eq(fate_outcome(&one.end), FILCH_SUCCEEDED);
    OK(filch_pool_destroy(pool));
    cr_assert_eq(filch_u32_load(&panics_reported, FILCH_RELAXED), 1);
    filch_set_panic_handler(before);
    filch_breaker_destroy(breaker);
}
