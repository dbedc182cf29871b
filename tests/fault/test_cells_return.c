/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Memory that is used again: that of detached tasks, of children of scopes, and of forked tasks in
 * queues. Any number of them, some at a time, need no more than a few. */
#include <criterion/criterion.h>
#include <filch/filch.h>
#include <tests/support/fib.h>
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

static int returns(filch_self self, filch_scope *scope, void *unused)
{
    (void)self, (void)scope, (void)unused;
    return 0;
}

static void spawn_and_wait(filch_runtime *rt)
{
    filch_scope scope;
    cr_assert_eq(filch_scope_open(&scope, rt, NULL), 0);
    for (unsigned round = 0; round < ROUNDS; round++) {
        for (unsigned i = 0; i < AT_ONCE; i++)
            cr_assert_eq(FILCH_SPAWN(&scope, returns, NULL), 0);
        cr_assert_eq(filch_scope_wait(&scope), 0);
    }
    cr_assert_eq(filch_scope_close(&scope), 0);
}

static void fork_and_join(filch_runtime *rt)
{
    for (unsigned round = 0; round < ROUNDS; round++)
        cr_assert_eq(FILCH_RUN(rt, fib, 8), fib_serial(8));
}

static void holds_nothing(const char *queue, void (*use)(filch_runtime *rt))
{
    filch_runtime *rt = NULL;
    filch_config config = {.workers = 1, .queue = queue, .guest = "0" /* the worker runs all */};
    cr_assert_eq(filch_runtime_create(&rt, &config), 0, "%s", filch_error());
    use(rt); /* fills the caches of both threads */
    int64_t before = blocks;
    use(rt);
    cr_assert_leq(blocks, before + 1, "%ld more",
                  (long)(blocks - before)); /* one batch is on its way */
    cr_assert_eq(filch_runtime_destroy(rt), 0);
}

Test(cells_return, detached_tasks_that_have_ended_hold_nothing)
{
    holds_nothing(NULL, start_and_wait);
}

Test(cells_return, children_of_scopes_that_have_ended_hold_nothing)
{
    holds_nothing(NULL, spawn_and_wait);
}

Test(cells_return, joined_tasks_of_queues_hold_nothing)
{
    holds_nothing("central-lockfree", fork_and_join);
    holds_nothing("sharing", fork_and_join);
}
