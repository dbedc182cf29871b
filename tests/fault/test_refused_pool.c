/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Pools to which memory or threads are refused, at each place in turn: an error says so, nothing is held, and what was
 * accepted before has its outcome. */
#include <tests/support/pools.h>
#include <tests/support/refuse.h>

static int64_t blocks_before;

static void warm_up(void)
{
    cr_assert_eq(fib_life(2, NULL, 12), 0);
    cr_assert_eq(filch_sleep(1), 0);
    blocks_before = blocks;
}

TestSuite(refused_pool, .init = warm_up);

static int succeeds(filch_self self, filch_job *job, void *data)
{
    (void)self, (void)job, (void)data;
    return 0;
}

static signpost told;

static void tell(filch_job *job, filch_outcome outcome, const filch_failure *why, void *data)
{
    (void)job, (void)outcome, (void)why, (void)data;
    signpost_raise(&told);
}

Test(refused_pool, creation_leaves_nothing_behind)
{
    static const enum refusable what[] = {MEMORY, THREADS};
    for (unsigned i = 0; i < 2; i++)
        for (int64_t at = 0, count = 1; count; at++) {
            filch_pool *pool = NULL;
            refuse(what[i], at, false);
            int rc = filch_pool_create(&pool, &(filch_pool_config){.workers = 2, .width = 3});
            count = refuse_no_more(what[i]);
            cr_assert(!count || rc == -ENOMEM || rc == -EAGAIN || rc == 0, "%d", rc);
            cr_assert(!rc || (!pool && strchr(filch_error(), ';')), "%s", filch_error());
            if (!rc)
                cr_assert_eq(filch_pool_destroy(pool), 0);
            cr_assert_leq(blocks, blocks_before + 64, "at %ld", (long)at);
        }
}

/* So many that the caches of jobs are full, and what is taken comes from there. */
static void fill_caches(filch_pool *pool)
{
    for (unsigned i = 0; i < 5000; i++)
        cr_assert_eq(FILCH_SUBMIT(pool, succeeds, NULL), 0);
    cr_assert_eq(filch_pool_wait(pool, FILCH_FOREVER), 0);
}

/* The cache of timers keeps some. */
static void submissions_refused(filch_pool *pool)
{
    int64_t before = 0;
    for (int64_t at = 0, count = 1; count; at++) {
        filch_job *job = NULL;
        filch_job_options options = {.timeout = 3600 * FILCH_SECOND, .done = tell};
        refuse(MEMORY, at, false);
        int rc = filch_pool_submit(&job, pool, succeeds, NULL, &options, FILCH_FOREVER);
        count = refuse_no_more(MEMORY);
        cr_assert(rc ? rc == -ENOMEM && !job : job != NULL, "%d", rc);
        cr_assert(!rc || strchr(filch_error(), ';'), "%s", filch_error());
        if (!rc)
            cr_assert_eq(filch_job_wait(job, FILCH_FOREVER), 0);
        filch_job_release(job);
        cr_assert_eq(filch_pool_wait(pool, FILCH_FOREVER), 0);
        cr_assert(!before || blocks <= before + 1, "%ld and %ld blocks", (long)before,
                  (long)blocks);
        before = blocks;
    }
}

Test(refused_pool, a_submission_is_refused_as_a_whole)
{
    filch_pool *pool = pool_of((filch_pool_config){.workers = 2, .width = 2});
    filch_pool_stats stats;
    fill_caches(pool);
    submissions_refused(pool);
    cr_assert_eq(filch_pool_wait(pool, FILCH_FOREVER), 0);
    filch_pool_stats_read(pool, &stats);
    cr_assert_eq(stats.accepted, stats.outcomes[FILCH_SUCCEEDED]);
    cr_assert_eq(stats.accepted - 5000, signpost_count(&told));
    cr_assert_eq(filch_pool_destroy(pool), 0);
}

Test(refused_pool, a_width_that_cannot_be_had_is_refused)
{
    gate at;
    filch_pool *pool = pool_of((filch_pool_config){.workers = 2, .width = 1});
    block(pool, &at);
    refuse(MEMORY, 2, true);
    cr_assert_eq(filch_pool_resize(pool, 100), -ENOMEM);
    refuse_no_more(MEMORY);
    cr_assert(strchr(filch_error(), ';'));
    cr_assert_eq(filch_pool_resize(pool, 100), 0);
    signpost_raise(&at.go);
    cr_assert_eq(filch_pool_destroy(pool), 0);
}
