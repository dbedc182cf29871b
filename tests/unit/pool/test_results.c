/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Results lists: each accepted job arrives once, after its outcome was reported, at one taker. */
#include <pthread.h>
#include <runtime/pool/results.h>
#include <string.h>
#include <tests/support/pools.h>
#include <tests/support/test.h>

enum { MANY = 200 };

static filch_results *list_of(void)
{
    filch_results *list = NULL;
    cr_assert_eq(filch_results_create(&list), 0, "%s", filch_error());
    return list;
}

static filch_job *take(filch_results *list)
{
    filch_job *job = NULL;
    cr_assert_eq(filch_results_take(list, &job, FILCH_FOREVER), 0, "%s", filch_error());
    return job;
}

static void expect_nothing(filch_results *list, int why)
{
    filch_job *job = NULL;
    cr_assert_eq(filch_results_take(list, &job, 0), why);
    cr_assert_null(job);
}

/* ---- Every outcome of a job ---- */

struct item {
    fate of; /* first */
    gate at;
};

static int stays(filch_self self, filch_job *job, void *data)
{
    return stand_still(self, job, &((struct item *)data)->at);
}

static const struct row {
    filch_job_fn *fn;
    int64_t timeout;
    filch_outcome outcome;
    int code;
} rows[] = {
    {succeeds, 0, FILCH_SUCCEEDED, 0},
    {fails, 0, FILCH_FAILED, -EIO},
    {panics, 0, FILCH_PANICKED, -EBADMSG},
    {stays, FILCH_MILLISECOND, FILCH_TIMED_OUT, -ETIMEDOUT},
};
enum { ROWS = sizeof rows / sizeof *rows };

/* Also while its function runs; its data stays until that has returned, and the taker lets it
 * go. */
static void comes_once(filch_pool *pool, filch_results *list, const struct row *row)
{
    struct item item = {0};
    filch_job_options options = {.name = "an item",
                                 .timeout = row->timeout,
                                 .done = fate_told,
                                 .drop = fate_dropped,
                                 .results = list};
    OK(filch_pool_submit(NULL, pool, row->fn, &item, &options, FILCH_FOREVER));
    filch_job *job = take(list);
    const filch_failure *why = filch_job_failure(job);
    cr_assert_eq(fate_count(&item.of), 1, "it comes after it was told");
    cr_assert_eq(filch_job_outcome(job), row->outcome);
    cr_assert_eq(why ? why->code : 0, row->code);
    cr_assert_eq(filch_job_wait(job, 0), row->code);
    cr_assert_eq(filch_job_data(job), &item);
    cr_assert_str_eq(filch_job_name(job), "an item");
    cr_assert_eq(filch_job_cancel(job), -EALREADY);
    cr_assert_eq(signpost_count(&item.of.dropped), 0);
    filch_job_release(job);
    if (signpost_count(&item.at.begun)) /* before its deadline, that is */
        cr_assert_eq(signpost_count(&item.of.dropped), 0, "its function is at it");
    signpost_raise(&item.at.go);
    OK(filch_pool_wait(pool, FILCH_FOREVER));
    cr_assert_eq(signpost_count(&item.of.dropped), 1);
    expect_nothing(list, -ETIMEDOUT);
}

Test(results, each_job_comes_exactly_once)
{
    for (unsigned c = 0; c < CONFIGS; c++) {
        filch_runtime *rt = config_runtime(c, 10000);
        filch_results *list = list_of();
        for (unsigned width = 0; width < 3; width++) { /* 0: direct */
            filch_pool *pool = pool_of((filch_pool_config){.runtime = rt, .width = width});
            for (unsigned i = 0; i < ROWS; i++)
                comes_once(pool, list, &rows[i]);
            OK(filch_pool_destroy(pool));
        }
        OK(filch_results_destroy(list));
        OK(filch_runtime_destroy(rt));
    }
}

static void expect_outcome(filch_results *list, filch_outcome outcome)
{
    filch_job *job = take(list);
    cr_assert_eq(filch_job_outcome(job), outcome, "%d", (int)filch_job_outcome(job));
    filch_job_release(job);
}

Test(results, what_never_begins_comes_too)
{
    gate at;
    filch_job *job;
    filch_results *list = list_of();
    filch_pool *pool = pool_of((filch_pool_config){
        .workers = 2, .width = 1, .capacity = 1, .full = FILCH_FULL_DROP_OLDEST});
    filch_job_options options = {.results = list};
    block(pool, &at);
    cr_assert_eq(FILCH_SUBMIT_AS(pool, succeeds, NULL, .results = list), 0);
    OK(filch_pool_submit(&job, pool, succeeds, NULL, &options, FILCH_FOREVER));
    expect_outcome(list, FILCH_DROPPED);
    OK(filch_job_cancel(job));
    expect_outcome(list, FILCH_CANCELLED);
    filch_job_release(job);
    cr_assert_eq(FILCH_SUBMIT_AS(pool, succeeds, NULL, .results = list), 0);
    cr_assert_eq(filch_pool_shutdown_now(pool), 1);
    expect_outcome(list, FILCH_CANCELLED);
    signpost_raise(&at.go);
    OK(filch_pool_destroy(pool));
    OK(filch_results_destroy(list));
}

static bool always(int code, void *arg)
{
    return true;
}

Test(results, retried_job_comes_after_last_attempt)
{
    static const filch_retry_policy retry = {.attempts = 3, .base = 1, .retryable = always};
    filch_results *list = list_of();
    filch_dead_letter_queue *letters;
    OK(filch_dead_letter_queue_create(&letters, NULL));
    filch_pool *pool = pool_of((filch_pool_config){
        .workers = 2, .width = 1, .retry = &retry, .dead_letters = letters, .results = list});
    struct item item = {0};
    cr_assert_eq(FILCH_SUBMIT_AS(pool, fails, &item, .drop = fate_dropped), 0);
    filch_job *job = take(list);
    cr_assert_eq(filch_job_outcome(job), FILCH_DEAD_LETTERED);
    cr_assert_eq(filch_job_attempts(job), 3);
    cr_assert_null(filch_job_data(job), "it is the letter's");
    filch_job_release(job);
    expect_nothing(list, -ETIMEDOUT);
    OK(filch_pool_destroy(pool));
    filch_dead_letter_queue_destroy(letters);
    cr_assert_eq(signpost_count(&item.of.dropped), 1);
    OK(filch_results_destroy(list));
}

Test(results, results_come_in_completion_order)
{
    gate at;
    filch_results *list = list_of();
    filch_pool *pool = pool_of(
        (filch_pool_config){.workers = 2, .width = 1, .order = FILCH_LIFO, .results = list});
    block(pool, &at);
    for (uintptr_t i = 0; i < MANY; i++)
        cr_assert_eq(FILCH_SUBMIT(pool, succeeds, (void *)i), 0);
    signpost_raise(&at.go);
    OK(filch_pool_destroy(pool));
    filch_job_release(take(list)); /* the blocking job */
    for (uintptr_t i = MANY; i-- > 0;) {
        filch_job *job = take(list); /* after its pool has gone */
        cr_assert_eq((uintptr_t)filch_job_data(job), i);
        cr_assert_eq(filch_job_outcome(job), FILCH_SUCCEEDED);
        cr_assert_eq(filch_context_cause(filch_job_context(job)), 0);
        filch_job_release(job);
    }
    OK(filch_results_destroy(list));
}

/* ---- Several takers, pools, and the end ---- */

struct staff {
    filch_results *list;
    signpost got, ended;
};

static void take_all(filch_self self, void *arg)
{
    struct staff *staff = arg;
    filch_job *job;
    int rc;
    while (!(rc = filch_results_take(staff->list, &job, FILCH_FOREVER))) {
        signpost_raise(&staff->got);
        filch_job_release(job);
    }
    if (rc != -EPIPE)
        filch_die("a taker got %d: %s", rc, filch_error());
    signpost_raise(&staff->ended);
}

static void *take_as_thread(void *staff)
{
    take_all(NULL, staff);
    return NULL;
}

static void submit_to(filch_pool *pool, filch_results *list)
{
    for (unsigned i = 0; i < MANY; i++)
        cr_assert_eq(FILCH_SUBMIT_AS(pool, succeeds, NULL, .results = list), 0);
}

Test(results, many_pools_and_takers_share_list)
{
    enum { TASKS = 3, THREADS = 2, POOLS = 2 };
    for (unsigned c = 0; c < CONFIGS; c++) {
        filch_runtime *rt = config_runtime(c, 10000);
        struct staff staff = {.list = list_of()};
        pthread_t threads[THREADS];
        filch_pool *pools[POOLS] = {pool_of((filch_pool_config){.runtime = rt}),
                                    pool_of((filch_pool_config){.runtime = rt, .width = 2})};
        for (unsigned i = 0; i < TASKS; i++)
            OK(filch_go(rt, take_all, &staff));
        for (unsigned i = 0; i < THREADS; i++)
            cr_assert_eq(pthread_create(&threads[i], NULL, take_as_thread, &staff), 0);
        for (unsigned i = 0; i < POOLS; i++)
            submit_to(pools[i], staff.list);
        filch_results_close(staff.list);
        signpost_wait(&staff.ended, TASKS + THREADS);
        cr_assert_eq(signpost_count(&staff.got), POOLS * MANY, "%s", config_name(c));
        for (unsigned i = 0; i < THREADS; i++)
            pthread_join(threads[i], NULL);
        for (unsigned i = 0; i < POOLS; i++)
            OK(filch_pool_destroy(pools[i]));
        expect_nothing(staff.list, -EPIPE);
        OK(filch_results_destroy(staff.list));
        OK(filch_runtime_destroy(rt));
    }
}

Test(results, accepted_jobs_come_after_close)
{
    struct item item = {0};
    filch_results *list = list_of();
    filch_pool *pool = pool_of((filch_pool_config){.workers = 2, .width = 1});
    filch_pool_stats stats;
    cr_assert_eq(FILCH_SUBMIT_AS(pool, stays, &item, .results = list), 0);
    filch_results_close(list);
    filch_results_close(list);
    cr_assert_eq(FILCH_SUBMIT_AS(pool, succeeds, NULL, .results = list), -EPIPE);
    cr_assert(strstr(filch_error(), "results list"));
    cr_assert_eq(FILCH_SUBMIT(pool, succeeds, NULL), 0, "others are none of its business");
    expect_nothing(list, -ETIMEDOUT);
    cr_assert_eq(filch_results_destroy(list), -EBUSY);
    signpost_raise(&item.at.go);
    expect_outcome(list, FILCH_SUCCEEDED);
    expect_nothing(list, -EPIPE);
    OK(filch_results_destroy(list));
    OK(filch_pool_wait(pool, FILCH_FOREVER));
    filch_pool_stats_read(pool, &stats, sizeof stats);
    cr_assert_eq(stats.accepted, 2);
    OK(filch_pool_destroy(pool));
}

Test(results, refused_job_is_not_awaited)
{
    gate at;
    filch_results *list = list_of();
    filch_pool *pool = pool_of(
        (filch_pool_config){.workers = 2, .width = 1, .capacity = 1, .full = FILCH_FULL_REJECT});
    block(pool, &at);
    cr_assert_eq(FILCH_SUBMIT(pool, succeeds, NULL), 0);
    cr_assert_eq(FILCH_SUBMIT_AS(pool, succeeds, NULL, .results = list), -EAGAIN);
    filch_results_close(list);
    expect_nothing(list, -EPIPE);
    OK(filch_results_destroy(list));
    signpost_raise(&at.go);
    OK(filch_pool_destroy(pool));
}

/* ---- Life and time ---- */

Test(results, destroy_releases_untaken_jobs)
{
    struct item items[MANY];
    filch_results *list = list_of();
    filch_pool *pool = pool_of((filch_pool_config){.workers = 2, .results = list});
    memset(items, 0, sizeof items);
    for (unsigned i = 0; i < MANY; i++)
        cr_assert_eq(FILCH_SUBMIT_AS(pool, succeeds, &items[i], .drop = fate_dropped), 0);
    OK(filch_pool_wait(pool, FILCH_FOREVER));
    cr_assert_eq(filch_results_destroy(list), -EBUSY, "the pool has it");
    OK(filch_pool_destroy(pool));
    for (unsigned i = 0; i < MANY; i++)
        cr_assert_eq(signpost_count(&items[i].of.dropped), 0);
    OK(filch_results_destroy(list));
    for (unsigned i = 0; i < MANY; i++)
        cr_assert_eq(signpost_count(&items[i].of.dropped), 1);
}

static void *take_in_vain(void *arg)
{
    struct staff *staff = arg;
    filch_job *job;
    signpost_raise(&staff->got);
    int rc = filch_results_take(staff->list, &job, FILCH_FOREVER);
    return (void *)(intptr_t)rc;
}

Test(results, destroy_wakes_waiting_taker)
{
    struct staff staff = {.list = list_of()};
    pthread_t thread;
    void *rc;
    cr_assert_eq(pthread_create(&thread, NULL, take_in_vain, &staff), 0);
    signpost_wait(&staff.got, 1);
    for (bool waits = false; !waits; sched_yield()) {
        fl_lock(&staff.list->lock);
        waits = fl_waiters_any(&staff.list->takers);
        fl_unlock(&staff.list->lock);
    }
    OK(filch_results_destroy(staff.list));
    cr_assert_eq(pthread_join(thread, &rc), 0);
    cr_assert_eq((intptr_t)rc, -EIDRM);
}

Test(results, take_never_times_out_early)
{
    filch_job *job = NULL;
    filch_results *list = list_of();
    int64_t until = filch_in(2 * FILCH_MILLISECOND);
    cr_assert_eq(filch_results_take(list, &job, until), -ETIMEDOUT);
    cr_assert_geq(filch_now(), until);
    cr_assert_eq(filch_results_take(list, &job, -1), -EINVAL);
    cr_assert_eq(filch_results_take(list, NULL, 0), -EINVAL);
    cr_assert_eq(filch_results_take(NULL, &job, 0), -EINVAL);
    cr_assert_eq(filch_results_create(NULL), -EINVAL);
    OK(filch_results_destroy(NULL));
    cr_assert_null(job);
    OK(filch_results_destroy(list));
}
