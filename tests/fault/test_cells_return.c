/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The memory of a detached task serves the next ones: any number of them, some at a time, need no
 * more than a few. */
#include <criterion/criterion.h>
#include <filch/filch.h>
#include <tests/support/refuse.h>
#include <tests/support/signpost.h>

enum { AT_ONCE = 100, ROUNDS = 200 };

static signpost ended;

static void ends(filch_self self, void *unused)
{
    (void)self, (void)unused;
    signpost_raise(&ended);
}

static void start_and_wait(filch_runtime *rt)
{
    for (unsigned round = 0; round < ROUNDS; round++) {
        uint32_t before = signpost_count(&ended);
        for (unsigned i = 0; i < AT_ONCE; i++)
            cr_assert_eq(filch_go(rt, ends, NULL), 0);
        signpost_wait(&ended, before + AT_ONCE);
    }
}

Test(cells_return, detached_tasks_that_have_ended_hold_nothing)
{
    filch_runtime *rt = NULL;
    cr_assert_eq(filch_runtime_create(&rt, &(filch_config){.workers = 1}), 0, "%s", filch_error());
    start_and_wait(rt); /* fills the caches of both threads */
    int64_t before = blocks;
    start_and_wait(rt);
    cr_assert_leq(blocks, before + 1, "%ld more",
                  (long)(blocks - before)); /* one batch is on its way */
    cr_assert_eq(filch_runtime_destroy(rt), 0);
}
