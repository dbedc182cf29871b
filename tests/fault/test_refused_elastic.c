/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Elastic pools to which memory, or the timer thread's thread, is refused: an error says so,
 * nothing is held; and one that there is has all its runners, so that another least width needs
 * nothing. */
#include <tests/support/pools.h>
#include <tests/support/refuse.h>
#include <tests/support/timer_thread.h>

TestSuite(refused_elastic, .init = have_fibers);

static const filch_pool_config elastic = {.width = 2, .width_max = 5};

/* Before anything has started the timer thread. */
Test(refused_elastic, a_pool_without_a_thread_that_minds_its_times_is_refused)
{
    filch_runtime *rt = config_runtime(2, 0);
    filch_pool *pool = NULL;
    filch_pool_config config = elastic;
    config.runtime = rt;
    int64_t held = blocks;
    refuse(THREADS, 0, true);
    cr_assert_eq(filch_pool_create(&pool, &config), -EAGAIN);
    cr_assert_neq(refuse_no_more(THREADS), 0);
    cr_assert(!pool && strchr(filch_error(), ';'), "%s", filch_error());
    cr_assert_leq(blocks, held + 1, "contexts keep one");
    pool = pool_of(config);
    cr_assert_eq(filch_pool_destroy(pool), 0);
    cr_assert_eq(filch_runtime_destroy(rt), 0);
}

Test(refused_elastic, creation_leaves_nothing_behind)
{
    filch_runtime *rt = config_runtime(2, 0);
    filch_pool_config config = elastic;
    config.runtime = rt;
    timer_thread_has_begun();
    cr_assert_eq(filch_pool_destroy(pool_of(config)), 0);
    int64_t held = blocks;
    for (int64_t at = 0, count = 1; count; at++) {
        filch_pool *pool = NULL;
        refuse(MEMORY, at, false);
        int rc = filch_pool_create(&pool, &config);
        count = refuse_no_more(MEMORY);
        cr_assert(count ? rc == -ENOMEM && !pool : !rc, "%d at %ld", rc, (long)at);
        cr_assert(!rc || strchr(filch_error(), ';'), "%s", filch_error());
        cr_assert_eq(filch_pool_destroy(pool), 0);
        cr_assert_leq(blocks, held, "at %ld", (long)at);
    }
    cr_assert_eq(filch_runtime_destroy(rt), 0);
}

Test(refused_elastic, another_least_width_needs_no_memory)
{
    gate at = {0}, first;
    filch_pool *pool = pool_of(elastic);
    block(pool, &first); /* its threads have begun */
    signpost_raise(&first.go);
    cr_assert_eq(filch_pool_wait(pool, FILCH_FOREVER), 0);
    filch_sleep(10 * FILCH_MILLISECOND);
    refuse(MEMORY, 0, true);
    cr_assert_eq(filch_pool_resize(pool, 5), 0);
    cr_assert_eq(refuse_no_more(MEMORY), 0);
    for (unsigned i = 0; i < 5; i++)
        cr_assert_eq(FILCH_SUBMIT(pool, stand_still, &at), 0);
    signpost_wait(&at.begun, 5);
    signpost_raise(&at.go);
    cr_assert_eq(filch_pool_destroy(pool), 0);
}
