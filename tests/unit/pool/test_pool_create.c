/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Configurations of a pool at the ends of their ranges, and all that a pool holds from its creation
 * to its destruction. */
#include <filch/results.h>

#include <pthread.h>
#include <runtime/pool/pool.h>
#include <string.h>
#include <tests/support/pools.h>
#include <tests/support/system.h>
#include <tests/support/tasks.h>
#include <tests/support/test.h>

TestSuite(pool_create, .init = have_fibers);

/* ---- Configurations ---- */

static void expect_refused(const void *config, const char *text)
{
    filch_pool *pool = NULL;
    cr_assert_eq(filch_pool_create(&pool, config), -EINVAL);
    cr_assert_null(pool);
    cr_assert_not_null(strstr(filch_error(), text), "%s", filch_error());
}

Test(pool_create, configuration_larger_than_known_is_refused)
{
    struct {
        filch_pool_config known;
        char more;
    } config = {.known = {.size = sizeof config.known, .workers = 1, .width = 1}};
    filch_pool *pool = NULL;
    cr_assert_eq(filch_pool_create(&pool, &config.known), 0, "%s", filch_error());
    OK(filch_pool_destroy(pool));
    config.known.size = sizeof config.known + 1;
    expect_refused(&config, "this library knows");
}

Test(pool_create, configuration_cutting_a_field_is_refused)
{
    const filch_pool_config config = {.size = 3, .workers = 1};
    expect_refused(&config, "filch_pool_config: 3, which no release of this library had");
}

/* The refused one leaves its fields on the stack, where the next call has its own. */
Test(pool_create, fields_missing_from_configuration_are_zero)
{
    filch_pool *pool = NULL;
    const filch_pool_config refused = {.workers = 1, .order = FILCH_ORDERS};
    const filch_pool_config shorter = {.size = offsetof(filch_pool_config, order), .workers = 1};
    expect_refused(&refused, "order of pool (unnamed): 5 (0..4, a filch_pool_order)");
    cr_assert_eq(filch_pool_create(&pool, &shorter), 0, "%s", filch_error());
    OK(filch_pool_destroy(pool));
}

Test(pool_create, values_out_of_range_are_named)
{
    static const struct {
        filch_pool_config config;
        const char *message;
    } cases[] = {
        {{.width = FILCH_WIDTH_MAX, .order = FILCH_ORDERS},
         "order of pool"}, /* the width is fine */
        {{.width = FILCH_WIDTH_MAX + 1},
         "width of pool (unnamed): 1000001 (0..1000000, jobs at a time)"},
        {{.full = (filch_when_full)77}, "full of pool (unnamed): 77 (0..4, a filch_when_full)"},
        {{.name = "mail", .aging = -5}, "aging of pool mail: -5 (0 or more nanoseconds)"},
        {{.timeout = INT64_MIN},
         "timeout of pool (unnamed): -9223372036854775808 (0 or more nanoseconds)"},
        {{.run_timeout = -1}, "run_timeout of pool (unnamed): -1 (0 or more nanoseconds)"},
        {{.stuck_after = -1}, "stuck_after of pool (unnamed): -1 (0 or more nanoseconds)"},
        {{.spares = 257}, "spares of pool (unnamed): 257 (0..256, workers)"},
        {{.cpu_max = 101}, "cpu_max of pool (unnamed): 101 (0..100, percent)"},
        {{.width = 3, .width_max = 2}, "width of pool (unnamed): 3 (at most its width_max, 2)"},
    };
    for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++)
        expect_refused(&cases[i].config, cases[i].message);
}

/* ---- Holds ---- */

Test(pool_create, pool_holds_results_list_until_destroyed)
{
    filch_results *results;
    OK(filch_results_create(&results));
    for (unsigned i = 0; i < 2; i++) {
        filch_pool *pool =
            pool_of((filch_pool_config){.workers = 1, .width = 1, .results = results});
        cr_assert_eq(filch_results_destroy(results), -EBUSY);
        OK(filch_pool_destroy(pool));
    }
    OK(filch_results_destroy(results));
}

Test(pool_create, pool_on_shared_runtime_shows_name)
{
    filch_runtime *rt = NULL;
    const filch_config config = {.size = sizeof config, .workers = 1, .share = 1};
    cr_assert_eq(filch_runtime_create(&rt, &config), 0, "%s", filch_error());
    filch_pool *pool = pool_of((filch_pool_config){.runtime = rt, .width = 1, .name = "shown"});
    cr_assert_neq(pool->shared.id, 0, "it is in the list of pools");
    cr_assert_str_eq(pool->shared.name, "shown");
    OK(filch_pool_destroy(pool));
    OK(filch_runtime_destroy(rt));
}

/* A thread that was joined is on the kernel's list for a moment more. */
Test(pool_create, own_worker_ends_with_pool)
{
    filch_pool *pool = pool_of((filch_pool_config){.workers = 1, .width = 1});
    WAIT_WHILE(!process_has_thread("filch/0"));
    OK(filch_pool_destroy(pool));
    WAIT_WHILE(process_has_thread("filch/0"));
}

/* ---- Destruction ---- */

typedef struct destroyer {
    filch_pool *pool;
    int rc;
    signpost over;
} destroyer;

static void destroys(filch_self self, void *arg)
{
    destroyer *it = arg;
    it->rc = filch_pool_destroy(it->pool);
    signpost_raise(&it->over);
}

Test(pool_create, own_runtimes_task_cannot_destroy_pool)
{
    destroyer it = {.pool = pool_of((filch_pool_config){.workers = 1, .width = 1})};
    OK(filch_go(it.pool->rt, destroys, &it));
    signpost_wait(&it.over, 1);
    cr_assert_eq(it.rc, -EDEADLK);
    OK(filch_pool_destroy(it.pool));
}

static void *destroys_outside(void *it)
{
    destroys(NULL, it);
    return NULL;
}

static bool somebody_waits_for_rest(filch_pool *pool)
{
    fl_lock(&pool->queue.room.lock);
    const bool any = fl_waiters_any(&pool->rest.waiters);
    fl_unlock(&pool->queue.room.lock);
    return any;
}

Test(pool_create, pool_being_destroyed_accepts_no_job)
{
    gate at;
    pthread_t thread;
    destroyer it = {.pool = pool_of((filch_pool_config){.workers = 1, .width = 1})};
    block(it.pool, &at);
    cr_assert_eq(pthread_create(&thread, NULL, destroys_outside, &it), 0);
    WAIT_WHILE(!somebody_waits_for_rest(it.pool));
    cr_assert_eq(FILCH_SUBMIT(it.pool, succeeds, NULL), -EPIPE);
    signpost_raise(&at.go);
    pthread_join(thread, NULL);
    cr_assert_eq(it.rc, 0);
}

/* ---- Statistics ---- */

static int fails_for_now_too(filch_self self, filch_job *job, void *data)
{
    return -EAGAIN;
}

Test(pool_create, delayed_job_counts_as_waiting)
{
    static const filch_retry_policy patient = {.attempts = 2,
                                               .base = 3600 * FILCH_SECOND,
                                               .cap = 3600 * FILCH_SECOND};
    filch_pool *pool = pool_of((filch_pool_config){.workers = 1, .width = 1, .retry = &patient});
    cr_assert_eq(FILCH_SUBMIT(pool, fails_for_now_too, NULL), 0);
    WAIT_WHILE(!stats_of(pool).delayed);
    cr_assert_eq(stats_of(pool).waiting, 1);
    cr_assert_eq(filch_pool_cancel_waiting(pool), 1);
    OK(filch_pool_destroy(pool));
}

/* The handle holds the memory of the pool. */
Test(pool_create, alarm_timers_end_with_pool)
{
    filch_pool *pool = pool_of((filch_pool_config){.workers = 1, .width = 1});
    filch_job *job =
        job_of(pool, succeeds, NULL, &(filch_job_options){.timeout = 3600 * FILCH_SECOND});
    const fl_alarm *alarm = &pool->alarms[FL_ALARM_DUE];
    cr_assert(fl_alarm_was_made(alarm));
    OK(filch_pool_destroy(pool));
    cr_assert(alarm->stopped);
    cr_assert_eq(alarm->timer.timed.place, 0, "it is not with the timer thread");
    filch_job_release(job);
}

/* Options of a job's submission: a key, a trace. */

Test(pool_options, one_key_admits_one_pending_job)
{
    gate at;
    filch_pool_stats stats;
    char key[] = "mail 7";
    filch_pool *pool = pool_of((filch_pool_config){.workers = 2, .width = 1, .capacity = 2});
    block(pool, &at);
    cr_assert_eq(FILCH_SUBMIT_AS(pool, succeeds, NULL, .key = key), 0);
    cr_assert_eq(FILCH_SUBMIT_AS(pool, succeeds, NULL, .key = "mail 7"), -EEXIST);
    cr_assert_not_null(strstr(filch_error(), "mail 7"));
    key[5] = '8';
    cr_assert_eq(FILCH_SUBMIT_AS(pool, succeeds, NULL, .key = key), 0);
    cr_assert_eq(filch_pool_submit(NULL, pool, succeeds, NULL,
                                   &(filch_job_options){.key = "mail 9"}, filch_in(1000)),
                 -ETIMEDOUT, "full");
    signpost_raise(&at.go);
    OK(filch_pool_wait(pool, FILCH_FOREVER));
    for (unsigned i = 7; i < 10; i++) {
        key[5] = (char)('0' + i);
        cr_assert_eq(FILCH_SUBMIT_AS(pool, succeeds, NULL, .key = key), 0, "%s", key);
    }
    OK(filch_pool_wait(pool, FILCH_FOREVER));
    filch_pool_stats_read(pool, &stats, sizeof stats);
    cr_assert_eq(stats.outcomes[FILCH_SUCCEEDED], 6);
    cr_assert_eq(stats.refused, 2);
    OK(filch_pool_destroy(pool));
}

static int keep_trace(filch_self self, filch_job *job, void *out)
{
    *(filch_traceparent *)out = filch_job_trace(job);
    return 0;
}

Test(pool_options, job_is_span_of_given_trace)
{
    filch_traceparent caller, seen, none;
    filch_pool *pool = pool_of((filch_pool_config){.workers = 1});
    filch_traceparent_begin(&caller, true);
    cr_assert_eq(FILCH_SUBMIT_AS(pool, keep_trace, &seen, .trace = &caller), 0);
    cr_assert_eq(FILCH_SUBMIT(pool, keep_trace, &none), 0);
    OK(filch_pool_destroy(pool));
    cr_assert_arr_eq(seen.trace, caller.trace, sizeof seen.trace);
    cr_assert_neq(memcmp(seen.span, caller.span, sizeof seen.span), 0);
    cr_assert_eq(none.trace[0] | none.flags, 0);
}
