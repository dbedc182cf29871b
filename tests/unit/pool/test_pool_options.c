/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Options of a job's submission: a key, a trace. */
#include <string.h>
#include <tests/support/pools.h>
#include <tests/support/test.h>

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
