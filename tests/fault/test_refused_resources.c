/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Pools of resources to which memory, or the timer thread's thread, is refused: an error says so,
 * nothing is held, and a pool that there is needs none. */
#include <criterion/criterion.h>
#include <errno.h>
#include <filch/filch.h>
#include <filch/resources.h>
#include <tests/support/fib.h>
#include <tests/support/refuse.h>
#include <tests/support/resources.h>
#include <tests/support/rest.h>

static source from;

/* Before anything has started the timer thread. */
Test(refused_resources, a_pool_without_a_thread_that_minds_its_times_is_refused)
{
    filch_runtime *rt;
    filch_resources *pool = NULL;
    filch_resources_config config = source_config(&from, 1, 2);
    rt = runtime_at_rest(2);
    ASSERT_REFUSED(THREADS, filch_resources_create(&pool, rt, &config), -EAGAIN, pool);
    pool = resources_of(rt, &config);
    source_ends(&from, pool);
    cr_assert_eq(filch_runtime_destroy(rt), 0);
}

Test(refused_resources, a_pool_without_memory_is_refused)
{
    filch_runtime *rt;
    filch_resources *pool = NULL;
    filch_resources_config config = source_config(&from, 1, 2);
    rt = runtime_at_rest(2);
    ASSERT_REFUSED(MEMORY, filch_resources_create(&pool, rt, &config), -ENOMEM, pool);
    cr_assert_eq(filch_runtime_destroy(rt), 0);
}

Test(refused_resources, a_pool_that_there_is_needs_no_memory)
{
    filch_runtime *rt;
    filch_resource *one;
    filch_resources_config config = source_config(&from, 0, 2);
    rt = runtime_at_rest(2);
    filch_resources *pool = resources_of(rt, &config);
    refuse(MEMORY, 0, true);
    for (unsigned i = 0; i < 100; i++) {
        cr_assert_eq(filch_resources_acquire(pool, &one, FILCH_FOREVER), 0);
        cr_assert_eq(filch_resource_give_back(one, i % 2), 0);
    }
    cr_assert_eq(filch_resources_close(pool, FILCH_FOREVER), 0);
    refuse_no_more(MEMORY);
    source_ends(&from, pool);
    cr_assert_eq(filch_runtime_destroy(rt), 0);
}
