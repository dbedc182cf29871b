/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Handles that are never released: a library built with FILCH_DEBUG names them at the end. */
#include <stdlib.h>
#include <tests/support/pools.h>
#include <tests/support/system.h>
#include <tests/support/test.h>

enum { HANDLES = 3 };

static filch_job *kept[HANDLES];

static void keep_all(void)
{
    filch_pool *pool;
    const filch_pool_config config = {.name = "mail", .workers = 1, .width = 1};
    CHILD_CHECK(!filch_pool_create(&pool, &config));
    for (int i = 0; i < HANDLES; i++) {
        const filch_job_options named = {.name = i ? "later" : "first letter"};
        CHILD_CHECK(!filch_pool_submit(&kept[i], pool, succeeds, NULL, &named, FILCH_FOREVER));
    }
    CHILD_CHECK(!filch_pool_destroy(pool));
}

static void keep_two(void)
{
    keep_all();
    filch_job_release(kept[1]);
    exit(0);
}

static void keep_none(void)
{
    keep_all();
    for (int i = 0; i < HANDLES; i++)
        filch_job_release(kept[i]);
    exit(0);
}

Test(unreleased, kept_handles_are_named_at_exit)
{
    struct child child;
    child_run(&child, keep_two);
#ifdef FILCH_DEBUG
    const char *said = strstr(child.text, "2 handles of pool mail were not released");
    cr_assert_not_null(said, "%s", child.text);
    cr_assert_not_null(strstr(said, "test_unreleased.c:20 as first letter"), "%s", child.text);
#else
    cr_assert_null(strstr(child.text, "released"), "%s", child.text);
#endif
}

Test(unreleased, released_handles_are_not_named)
{
    struct child child;
    child_run(&child, keep_none);
    cr_assert_null(strstr(child.text, "released"), "%s", child.text);
}
